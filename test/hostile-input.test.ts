import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { canary, eventText, hostileBodies, nested } from './support/hostile-bodies.ts';
import { type Neighbourhood, startNeighbourhood } from './support/neighbour.ts';
import { expectProblem } from './support/problem.ts';
import { post, type Reply } from './support/sender.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { runWeir } from './support/weir-process.ts';

// Whatever is sent gets an answer that says what was wrong and where, and nobody else feels it:
// after every test a neighbour sends an event over its own, kept connection.

const acme = makeKey();
let town: Neighbourhood;
beforeAll(async () => {
  town = await startNeighbourhood({ acme: { keys: [acme] } });
});
afterEach(() => town.neighbourSends());
afterAll(() => town?.[Symbol.asyncDispose]());

function send(body: string | Buffer, headers: Record<string, string> = {}): Promise<Reply> {
  return post({ url: town.weir.url, key: acme.text }, body, { headers });
}

const ndjson = { 'content-type': 'application/x-ndjson' };

test.each(hostileBodies)(
  '$what: refused, with the place',
  async ({ body, headers, ...expected }) => {
    const reply = await send(body, headers);
    expectProblem(reply, expected);
    expect(reply.body).not.toContain(canary.slice(0, 60));
    expect(reply.body.length).toBeLessThan(1_000);
  },
);

test('ten thousand bad events get a list that stays short', async () => {
  const bad = JSON.stringify({ type: '', data: 'x'.repeat(80) });
  const reply = await send(`[${Array(10_000).fill(bad).join(',')}]`);
  const problem = expectProblem(reply, {
    status: 400,
    code: 'invalid_events',
    detail: 'events[0].type: expected a non-empty string',
  });
  expect(problem).toMatchObject({ rejectedCount: 10_000 });
  expect(problem.rejected).toHaveLength(100);
});

test('bad events among good ones are named one by one, and the good ones are kept', async () => {
  const tooLarge = eventText({ data: 'x'.repeat(300_000) });
  const tooDeep = `{"type":"a","data":${nested(100_000)}}`;
  const good = [eventText({ id: 'good-0' }), eventText({ id: 'good-4' })];
  const reply = await send(
    `[${[good[0], tooLarge, tooDeep, '{"type":""}', good[1], '[]'].join()}]`,
  );
  expect(reply).toMatchObject({ status: 202 });
  expect(JSON.parse(reply.body)).toEqual({
    receipt: expect.any(String),
    accepted: 2,
    rejected: [
      { index: 1, code: 'event_too_large', detail: expect.stringContaining('events[1]: ') },
      { index: 2, code: 'too_deep', detail: expect.stringContaining('events[2]: nested') },
      {
        index: 3,
        code: 'invalid_attribute',
        detail: 'events[3].type: expected a non-empty string',
      },
      { index: 5, code: 'not_an_object', detail: 'events[5]: expected a JSON object' },
    ],
  });
  const ids = (await town.stored()).map(({ id }) => id);
  expect(ids.filter((id) => id.startsWith('good-'))).toEqual(['good-0', 'good-4']);
});

test('NDJSON may come with CRLF and blank lines; a line that is no JSON harms no other', async () => {
  const lines = [
    eventText({ id: 'line-0' }),
    '',
    '  ',
    '{"type":',
    eventText({ id: 'line-2' }),
    '',
    '',
  ];
  const reply = await send(lines.join('\r\n'), ndjson);
  expect(reply).toMatchObject({ status: 202 });
  expect(JSON.parse(reply.body)).toMatchObject({
    accepted: 2,
    rejected: [{ index: 1, code: 'malformed', detail: 'events[1]: column 9: expected a value' }],
  });
  const ids = (await town.stored()).map(({ id }) => id);
  expect(ids.filter((id) => id.startsWith('line-'))).toEqual(['line-0', 'line-2']);
});

test('odd but valid JSON is kept as it was written', async () => {
  const data = `{"__proto__":{"type":1},"constructor":null,"a":1,"a":2,"s":"\\ud800","n":-1e999999}`;
  const reply = await send(`{"type":"first","type":"odd","data":${data},"id":"odd"}`);
  expect(reply).toMatchObject({ status: 202 });
  const line = (await town.stored()).find(({ id }) => id === 'odd');
  expect(line?.text).toContain(`"data":${data}`);
  expect(line?.type).toBe('odd');
});

test('a repeated Idempotency-Key with another body is refused, and nothing of it is kept', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  expect(await send(eventText({ id: 'once' }), headers)).toMatchObject({ status: 202 });
  const reply = await send(eventText({ id: 'other' }), headers);
  expectProblem(reply, { status: 422, code: 'idempotency_mismatch', detail: 'Idempotency-Key' });
  expect((await town.stored()).map(({ id }) => id)).not.toContain('other');
});

test('a Prefer that makes no sense is ignored', async () => {
  const unclosed = `x=${'"'.repeat(5_001)}, wait=5`;
  const senseless = ['wait', 'wait=', 'wait=-1', 'wait=soon', 'wait=1e3', 'wait=0x10', 'wait="'];
  for (const prefer of [...senseless, ';;;,,,=', 'wait 5', '=5', 'awaits=5', unclosed]) {
    const reply = await send(eventText(), { prefer });
    expect(reply, prefer.slice(0, 40)).toMatchObject({ status: 202 });
    expect(reply.headers).not.toHaveProperty('preference-applied');
  }
});

test('a tenant whose name could be a path, or is hard to read, is refused before it names one', async () => {
  const pathLike = ['../evil', 'a/b', 'a\\b', '..', '.', '.hidden', '_mixed', '', 'a\u0000b'];
  const unreadable = ['a b', 'ä', 'ＡＣＭＥ', 'ACME', 'a\u202eb', 'x'.repeat(64)];
  const names = [...pathLike, ...unreadable];
  const tenants = join(town.folder, 'bad-tenants.json');
  const entries = names.map((name) => [name, { keys: [makeKey()] }]);
  await writeTenants(tenants, Object.fromEntries(entries));
  const checked = await runWeir(['check', '--tenants', tenants]);
  expect(checked).toMatchObject({ code: 1, stdout: '' });
  const named = checked.stderr.match(/expected a name of 1 to 63 of a-z0-9\.-/g);
  expect(named, checked.stderr).toHaveLength(names.length);
  expect(checked.stderr).not.toMatch(/\n\s+at |\.ts:/);
});

test('after all of it the neighbour has lost nothing, and nothing was given away', async () => {
  await town.expectPeace([acme.text]);
  expect(town.weir.output()).not.toContain('canary');
});
