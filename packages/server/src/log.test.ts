import { expect, test } from 'vitest';
import { makeLog } from './log.ts';

function logTo(logLevel: 'info' | 'silent') {
  const lines: string[] = [];
  const log = makeLog({ logLevel }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}

test('a happening is one line of JSON with level, time and what was given', () => {
  const { log, lines } = logTo('info');
  log.warn({ tenant: 'acme' }, 'the spool is half full');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] as string)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    name: 'weir',
    tenant: 'acme',
    msg: 'the spool is half full',
  });
});

test('what is below LOG_LEVEL is not written', () => {
  const { log, lines } = logTo('info');
  log.debug('detail');
  expect(lines).toEqual([]);
  const silent = logTo('silent');
  silent.log.fatal('the end');
  expect(silent.lines).toEqual([]);
});

test('a key that slips into a line is cut out, wherever it stands', () => {
  const { log, lines } = logTo('info');
  const key = `weir_abcdefghijkl_${'S'.repeat(43)}`;
  log.error({ headers: { authorization: `Bearer ${key}` }, err: new Error(key) }, key);
  expect(lines[0]).not.toContain('SSS');
  expect(JSON.parse(lines[0] as string).msg).toBe('weir_abcdefghijkl_(hidden)');
});
