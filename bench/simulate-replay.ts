import { createReadStream } from 'node:fs';
import { compileQuota } from '@weir/core/gcra';
import { Replay } from '@weir/simulator/replay/replay';
import { TraceParser } from '@weir/simulator/replay/trace-parser';

// A process of its own, for its peak of memory: node simulate-replay.ts FILE
const path = process.argv[2] ?? '';
const quota = compileQuota({ tokens: 1, periodUs: 1_000_000, burst: 50 });
const before = process.cpuUsage();
const replay = new Replay(quota, 'requests');
const parser = new TraceParser(path, (arrival) => replay.take(arrival));
for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) parser.push(chunk);
parser.end();
const { requests } = replay.report(parser.keys.names);
const { user, system } = process.cpuUsage(before);
const cpuMs = Math.round((user + system) / 1_000);
const rssMiB = Math.round(process.resourceUsage().maxRSS / 1_024);
console.log(JSON.stringify({ requests, cpuMs, rssMiB }));
