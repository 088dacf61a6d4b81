import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { SourceLog } from './source-log.ts';

function logged() {
  const world = new VirtualWorld({ seed: 1 });
  const lines: Record<string, unknown>[] = [];
  const warn = (facts: object) => void lines.push(facts as Record<string, unknown>);
  return { world, lines, log: new SourceLog(world, { warn } as never) };
}

test('a source has one name all day, another the next day, and never its own', () => {
  const { world, log, lines } = logged();
  log.blocked('guessing', '192.0.2.1', 60_000);
  log.blocked('garbage', '192.0.2.1', 60_000);
  log.blocked('guessing', '192.0.2.2', 60_000);
  world.advance(86_400_000);
  log.blocked('guessing', '192.0.2.1', 60_000);
  const [first, again, other, later] = lines.map(({ source }) => source);
  expect(again).toBe(first);
  expect(new Set([first, other, later]).size).toBe(3);
  expect(JSON.stringify(lines)).not.toContain('192.0.2');
});

test('a flood from everywhere leaves twenty lines a minute', () => {
  const { world, log, lines } = logged();
  for (let i = 0; i < 1_000; i += 1) log.blocked('guessing', `10.0.0.${i}`, 60_000);
  expect(lines).toHaveLength(20);
  world.advance(60_000);
  log.blocked('guessing', '10.0.0.1', 60_000);
  expect(lines).toHaveLength(21);
});
