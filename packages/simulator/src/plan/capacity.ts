import { grouped } from '../cli/numbers.ts';
import { figures } from './figures.ts';
import { lineValue, type Plan, plan } from './plan.ts';
import { figuresTable, planTable, surgeTable } from './print.ts';
import { surge } from './surge.ts';
import { planTerms } from './terms.ts';

const tenBillion = planTerms({ users: 1_000_000_000, requests: 10 });
const launch = planTerms({ users: 2_000_000, requests: 100, peakRatio: 4 });

/** `docs/capacity.md`, whole. */
export function capacityPage(): string {
  const large = plan(tenBillion);
  const small = plan(launch);
  return [
    ...head,
    '## 10 billion requests a day',
    '',
    `About 100,000 a second on average and 200,000 at the peak; exactly, ${perSecond(large, 'average')} and ${perSecond(large, 'peak')}:`,
    '',
    '```sh',
    'npx weir-sim plan --users 1_000_000_000 --requests 10',
    '```',
    '',
    ...planTable(large),
    '',
    ...largeNotes(large),
    '## A launch that is larger than its forecast',
    '',
    'Two million users, a hundred requests a day each, a peak of four times the average:',
    '',
    '```sh',
    'npx weir-sim plan --users 2_000_000 --requests 100 --peak-ratio 4 --surge 1,2,5,50 --quotas 1',
    '```',
    '',
    ...planTable(small),
    '',
    'On the servers of the plan, with quotas that sum to its peak:',
    '',
    ...surgeTable(small, [1, 2, 5, 50], 1),
    '',
    'Without quotas:',
    '',
    ...surgeTable(small, [1, 2, 5, 50], Infinity),
    '',
    ...launchNotes(small),
    '## What was measured',
    '',
    ...figuresTable(),
    '',
    ...limits,
    '',
  ].join('\n');
}

const head = [
  '# Capacity',
  '',
  '<!-- Printed by `npm run docs:capacity`: do not edit. A test holds it to the code. -->',
  '',
  'What a load takes, reckoned by `weir-sim plan` from figures that were measured. It is arithmetic, not a',
  'test at that size: every line has its formula, and the end of this page says what nobody has measured.',
  '',
];

function perSecond(planned: Plan, name: string): string {
  return `${grouped(lineValue(planned, name))}/s`;
}

function largeNotes(planned: Plan): string[] {
  const value = (name: string) => grouped(lineValue(planned, name));
  const puts = lineValue(planned, '$ of PUTs');
  const onePerEvent =
    ((lineValue(planned, 'requests a day') * 30) / 1_000) * planned.terms.putDollars;
  return [
    `Storage is most of the bill; PUTs, at $${grouped(puts)} a month, are ${grouped(onePerEvent / puts)} times cheaper than with`,
    `one object an event ($${grouped(onePerEvent)}). If the store takes nothing at all, the spools of ${value('processes')} processes`,
    `hold the peak for ${value('the spool holds')} s, and longer with a larger \`WEIR_MAX_QUEUE_BYTES\`: a disk of 100 GB a process`,
    `holds ${grouped((100e9 * lineValue(planned, 'processes')) / (lineValue(planned, 'peak') * planned.terms.bytes) / 3_600, 1)} hours.`,
    '',
  ];
}

function launchNotes(planned: Plan): string[] {
  const open = surge(planned, 5);
  const share = (part: number, of: number) => `${grouped((100 * part) / of)} %`;
  const refusals = (lineValue(planned, 'processes') * 1e6) / figures.refuseUs.value;
  return [
    '- **What holds.** What was answered 202 is stored, at any factor, and nothing that was accepted waits in',
    '  memory. With quotas every sender gets what it was promised, also at five times the forecast; at fifty',
    '  times as much is stored, but of ten requests nine find no processor, whoever sends them.',
    `- **What refuses.** A spent quota is refused for ${figures.refuseUs.value} µs where taking costs ${figures.takeAndDeliverUs.value} µs: these processes can`,
    `  refuse ${grouped(refusals)}/s and do nothing else. Beyond, connections wait in the kernel until their senders give`,
    `  up. Without quotas that begins earlier (at five times the forecast for ${share(open.unanswered, open.offered)}), and whoever sends most gets`,
    '  most. The table is of senders that never slow down; those that keep to `Retry-After`, and the SDK, send',
    '  hardly more than their quota, and nothing of it goes unanswered.',
    '- **What it costs.** On these servers, nothing more. The last columns have the servers that would carry the',
    '  surge as planned: they share nothing but Redis and the bucket, so they are added while it lasts. Objects and',
    '  bytes grow with what is stored.',
    '',
  ];
}

const limits = [
  'All of it on two shared cores, the server on one of them, limits in memory and a directory as the store.',
  'Not measured, and so not in any line: CPU for Redis, TLS or OpenTelemetry on the server; more than one',
  'process on a machine; a network between server, Redis and bucket; compression of your events (measure it:',
  '`zstd -3 -b events.ndjson`). `redisUs`, prices, head bytes and compression are terms to be given, not',
  'figures: their defaults are a prototype of the script (4.2 µs a decision in batches of 64), list prices of a',
  'two-core server and of S3 in us-east-1, and what a JSON event commonly compresses to.',
];
