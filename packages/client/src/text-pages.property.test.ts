import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linesOf, type PlacedText, type TextPage, TextPages, textOf } from './text-pages.ts';

const encoder = new TextEncoder();

function keepIn(pages: TextPages, text: string): PlacedText {
  const bytes = encoder.encode(text).length;
  const at = pages.keep(text, bytes);
  return { page: pages.page, at, bytes };
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((short) => short.toWellFormed()),
  fc.integer({ min: 0, max: 70_000 }).map((length) => 'é'.repeat(length / 2)),
  fc.integer({ min: 0, max: 3_000 }).map((length) => 'x'.repeat(length)),
);

const action = fc.oneof(
  fc.record({ do: fc.constant('keep' as const), text }),
  fc.record({ do: fc.constant('letGo' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('settle' as const), which: fc.nat() }),
);

interface Kept {
  readonly placed: PlacedText;
  readonly text: string;
}

function change(pages: TextPages, kept: Kept[], at: number, isOver: boolean): void {
  const { placed } = kept[at] as Kept;
  if (!isOver) {
    pages.settle(placed);
    return;
  }
  pages.letGo(placed);
  pages.letGo(placed); // twice does no harm
  kept.splice(at, 1);
}

test('whatever else is kept, let go and moved, a text that is kept stays as it was', () => {
  const lines = new TextDecoder('utf-8', { ignoreBOM: true });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const pages = new TextPages();
      const kept: Kept[] = [];
      for (const step of actions) {
        if (step.do === 'keep') {
          kept.push({ placed: keepIn(pages, step.text), text: step.text });
        } else if (kept.length > 0) {
          change(pages, kept, step.which % kept.length, step.do === 'letGo');
        }
      }
      expect(kept.map(({ placed }) => textOf(placed))).toEqual(kept.map((one) => one.text));
      const text = lines.decode(linesOf(kept.map(({ placed }) => placed)));
      expect(text).toBe(kept.map((one) => one.text).join('\n'));
    }),
  );
});

test('pages are used again: what comes and goes takes no more than what is there at once', () => {
  const pages = new TextPages();
  const seen = new Set<TextPage>();
  const waiting: PlacedText[] = [];
  for (let i = 0; i < 20_000; i += 1) {
    waiting.push(keepIn(pages, `${i}`.padEnd(300, 'x')));
    seen.add(pages.page);
    if (waiting.length > 1_000) pages.letGo(waiting.shift() as PlacedText);
  }
  expect(seen.size).toBeLessThanOrEqual(7); // 301,000 bytes of 65,536 each, and the two at the ends
});

test('one that stays behind does not hold the page of those that went', () => {
  const pages = new TextPages();
  const left: PlacedText[] = [];
  for (let i = 0; i < 20_000; i += 1) {
    const placed = keepIn(pages, `${i}`.padEnd(300, 'x'));
    if (i % 100 === 0) left.push(placed);
    else pages.letGo(placed);
  }
  for (const placed of left) pages.settle(placed);
  expect(new Set(left.map(({ page }) => page)).size).toBeLessThanOrEqual(3);
  expect(left.map(textOf)).toEqual(left.map((_, i) => `${i * 100}`.padEnd(300, 'x')));
});

test('a text that was let go is not read again', () => {
  const pages = new TextPages();
  const placed = keepIn(pages, 'gone');
  pages.letGo(placed);
  expect(() => textOf(placed)).toThrow('let go');
  expect(() => linesOf([placed])).toThrow('let go');
});
