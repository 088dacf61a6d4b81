import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkpointBytes,
  encodeHead,
  type Frame,
  frameAt,
  frameBytes,
  sealRecord,
  writeCheckpoint,
} from './frame.ts';
import { type Recovery, recover } from './recover.ts';

const { bytes: head, secret } = encodeHead(
  Buffer.from('0badcafe', 'latin1'),
  Buffer.from('header'),
);

interface Made {
  readonly bytes: Buffer;
  /** Where each commit begins. */
  readonly commits: readonly number[];
  readonly records: readonly { readonly text: string; readonly end: number }[];
}

/** A segment of these commits, each of some records. */
function segmentOf(commits: readonly (readonly string[])[]): Made {
  const parts: Buffer[] = [head];
  const starts: number[] = [];
  const records: { text: string; end: number }[] = [{ text: 'header', end: head.length }];
  let at = head.length;
  for (const texts of commits) {
    starts.push(at);
    const checkpoint = Buffer.alloc(checkpointBytes);
    writeCheckpoint(checkpoint, 0, at, secret);
    parts.push(checkpoint);
    at += checkpoint.length;
    for (const text of texts) {
      const record = Buffer.alloc(frameBytes + text.length);
      record.write(text, frameBytes, 'latin1');
      sealRecord(record, 0, record.length, secret);
      parts.push(record);
      at += record.length;
      records.push({ text, end: at });
    }
  }
  return { bytes: Buffer.concat(parts), commits: starts, records };
}

const texts = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 });
const segments = fc
  .array(fc.array(texts, { minLength: 1, maxLength: 4 }), { maxLength: 6 })
  .map(segmentOf);
const open = { cutBytes: Infinity, durableBytes: 0 };
const textsOf = ({ header, records }: Recovery) =>
  [...(header === undefined ? [] : [header]), ...records].map((record) =>
    Buffer.from(record).toString('latin1'),
  );
const readable = ({ records }: Made, end: number) =>
  records.filter((record) => record.end <= end).map(({ text }) => text);

test('a whole segment is clean and gives back its records', () => {
  fc.assert(
    fc.property(segments, (made) => {
      const found = recover(made.bytes, open);
      expect(found).toMatchObject({ verdict: 'clean', end: made.bytes.length });
      expect(textsOf(found)).toEqual(readable(made, found.end));
    }),
  );
});

test('cut anywhere, it gives back the records before the cut', () => {
  fc.assert(
    fc.property(segments, fc.nat(), (made, pick) => {
      const length = head.length + (pick % (made.bytes.length - head.length + 1));
      const cut = recover(made.bytes.subarray(0, length), open);
      expect(cut.verdict === 'corrupt').toBe(false);
      expect(textsOf(cut)).toEqual(readable(made, length));
      expect(recover(made.bytes, { ...open, cutBytes: length })).toEqual(cut);
    }),
  );
});

test('in a used file only its own frames count, whatever of the last commit got there', () => {
  fc.assert(
    fc.property(
      segments,
      segments,
      fc.tuple(fc.nat(), fc.nat()),
      fc.boolean(),
      (made, old, picks, isGap) => {
        const last = made.commits.at(-1) ?? head.length;
        const [from, end] = picks
          .map((pick) => last + (pick % (made.bytes.length - last + 1)))
          .sort((a, b) => a - b) as [number, number];
        const used = reseal(old.bytes);
        const bytes = Buffer.alloc(Math.max(used.length, made.bytes.length));
        used.copy(bytes);
        // Of the last commit a crash kept what lies around these two, or between them.
        const kept = isGap
          ? [[0, from] as const, [end, made.bytes.length] as const]
          : [[0, last] as const, [from, end] as const];
        for (const [first, behind] of kept) made.bytes.copy(bytes, first, first, behind);

        const found = recover(bytes, open);
        expect(found.verdict === 'corrupt').toBe(false);
        const texts = textsOf(found);
        expect(texts).toEqual(readable(made, Infinity).slice(0, texts.length));
        expect(texts.length).toBeGreaterThanOrEqual(readable(made, last).length);
        const settled = bytes.subarray(0, found.end);
        expect(recover(settled, { ...open, durableBytes: Infinity }).verdict).toBe('clean');
      },
    ),
  );
});

/** The same frames at the same places under another secret, as an earlier segment left them. */
function reseal(bytes: Buffer): Buffer {
  const { bytes: otherHead, secret: other } = encodeHead(
    Buffer.from('deadbeef', 'latin1'),
    Buffer.from('header'),
  );
  const copy = Buffer.from(bytes);
  otherHead.copy(copy);
  for (let at = otherHead.length; at < bytes.length; ) {
    const { end, durable } = frameAt(bytes, at, secret) as Frame;
    if (durable === undefined) sealRecord(copy, at, end, other);
    else writeCheckpoint(copy, at, durable, other);
    at = end;
  }
  return copy;
}

test('damage is a torn tail in the last commit, and corruption in any earlier one', () => {
  fc.assert(
    fc.property(segments, fc.nat(), fc.integer({ min: 1, max: 255 }), (made, pick, flip) => {
      const last = made.commits.at(-1);
      if (last === undefined) return;
      const at = head.length + (pick % (made.bytes.length - head.length));
      const bytes = Buffer.from(made.bytes);
      bytes[at] = (bytes[at] as number) ^ flip;
      const found = recover(bytes, open);
      expect(found.verdict).toBe(at < last ? 'corrupt' : 'torn');
      expect(found.end).toBeLessThanOrEqual(at);
      const kept = textsOf(found);
      if (at >= last) expect(kept).toEqual(readable(made, at));
      else expect(kept.length).toBeGreaterThanOrEqual(made.records.length - 2);
      const before = readable(made, found.end).slice(1);
      expect(found.placed).toBe(before.length);
      expect(textsOf(found).slice(1, 1 + before.length)).toEqual(before);
    }),
  );
});

test('any damage to a segment that was sealed is corruption, a lost tail inside a frame as well', () => {
  fc.assert(
    fc.property(segments, fc.nat(), (made, pick) => {
      const sealed = { cutBytes: Infinity, durableBytes: Infinity };
      const at = pick % made.bytes.length;
      const bytes = Buffer.from(made.bytes);
      bytes[at] = (bytes[at] as number) ^ 0x10;
      expect(recover(bytes, sealed).verdict).toBe('corrupt');
      const shorter = recover(made.bytes.subarray(0, at), sealed);
      expect(shorter.verdict === 'clean').toBe(shorter.end === at && at > 0);
    }),
  );
});

test('without a preamble nothing can be believed: a new file is torn, a longer one corrupt', () => {
  for (const length of [0, 1, 23]) {
    expect(recover(head.subarray(0, length), open)).toMatchObject({ verdict: 'torn', end: 0 });
  }
  const bytes = Buffer.from(head);
  bytes[0] = 0;
  expect(recover(bytes, open)).toMatchObject({ verdict: 'corrupt', end: 0 });
});

test('frames of another segment inside a body are not mistaken for its own', () => {
  const other = encodeHead(Buffer.from('8 others'), Buffer.from('other')).bytes;
  const made = segmentOf([[other.toString('latin1')], ['b']]);
  const bytes = Buffer.from(made.bytes.subarray(0, -1)); // the last record is torn
  const found = recover(bytes, open);
  expect(found.verdict).toBe('torn');
  expect(textsOf(found)).toEqual(['header', other.toString('latin1')]);
});

test('a damaged header is not mistaken for the record behind it', () => {
  const made = segmentOf([['first'], ['second']]);
  const bytes = Buffer.from(made.bytes);
  bytes[head.length - 1] = 0;
  const found = recover(bytes, open);
  expect(found).toMatchObject({ verdict: 'corrupt', header: undefined });
  expect(textsOf(found)).toEqual(['first', 'second']);
});
