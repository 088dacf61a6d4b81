import { execFileSync } from 'node:child_process';
import { Readable, type Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { contentCoding, type DecodeBounds, decodeBody } from './decode-body.ts';

const roomy: DecodeBounds = { decodedBytes: 4 << 20, heldBytes: 64 << 10, grow: () => true };

const quick = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } };
const gzip = { title: 'gzip', name: 'gzip', encode: (bytes: Buffer) => zlib.gzipSync(bytes) };
const zstd = { title: 'zstd', name: 'zstd', encode: (body: Buffer) => zlib.zstdCompressSync(body) };
const codecs = [
  gzip,
  { ...gzip, title: 'gzip by its old name', name: 'x-gzip' },
  { title: 'deflate', name: 'deflate', encode: (body: Buffer) => zlib.deflateSync(body) },
  {
    title: 'deflate without its frame',
    name: 'deflate',
    encode: (body: Buffer) => zlib.deflateRawSync(body),
  },
  { title: 'br', name: 'br', encode: quickBrotli },
  zstd,
];

describe.each(codecs)('$title', ({ name, encode }) => {
  test('small, and so decoded at once', () => {
    const body = Buffer.from('{"type":"order.paid","note":"schön"}');
    const decoded = decode(encode(body), name);
    expect(decoded).not.toBeInstanceOf(Promise);
    expect(decoded).toEqual(body);
  });

  test('small on the wire, several MiB when decoded', async () => {
    const body = Buffer.alloc(3 << 20, 'abc');
    expect(body.equals((await decode(encode(body), name)) as Buffer)).toBe(true);
  });

  test('large on the wire', async () => {
    const body = noise(600_000);
    const wire = encode(body);
    expect(wire.length).toBeGreaterThan(16 * 1024);
    expect(body.equals((await decode(wire, name)) as Buffer)).toBe(true);
  });

  test.each([100, 600_000])('cut off anywhere, or followed by anything, of %i bytes', async (n) => {
    const wire = encode(noise(n));
    const cuts = n === 100 ? wire.keys() : [20_000, wire.length - 1];
    for (const cut of cuts) {
      expect(await decode(wire.subarray(0, cut), name)).toMatchObject({ refused: 'bad_encoding' });
    }
    for (const junk of ['x', '\0\0', '{"type":"another"}']) {
      expect(await decode(Buffer.concat([wire, Buffer.from(junk)]), name)).toMatchObject({
        refused: 'bad_encoding',
      });
    }
  });

  test('damage anywhere is answered, and noticed where the format has a checksum', async () => {
    const body = Buffer.from('{"type":"order.paid","data":[1,2,3,4,5,6,7,8,9]}'.repeat(3));
    const wire = encode(body);
    const isChecked = wire[0] === 0x1f || wire[0] === 0x78; // gzip and zlib
    for (const at of wire.keys()) {
      const damaged = Buffer.from(wire);
      damaged[at] = (damaged[at] as number) ^ 0x55;
      const decoded = await decode(damaged, name);
      if (!Buffer.isBuffer(decoded)) expect(decoded.refused).toBe('bad_encoding');
      else if (isChecked) expect(decoded).toEqual(body); // it was in a field that nobody reads
    }
  });

  test('more than may be is refused with the cap, small and large', async () => {
    const tooMuch = { refused: 'too_large', members: { limit: 50_000 } };
    const bounds = { ...roomy, decodedBytes: 50_000 };
    expect(await decode(encode(Buffer.alloc(50_001)), name, bounds)).toMatchObject(tooMuch);
    expect(await decode(encode(noise(60_000)), name, bounds)).toMatchObject(tooMuch);
    expect(await decode(encode(Buffer.alloc(50_000)), name, bounds)).toHaveLength(50_000);
  });

  test.each([200_000, 3_000_000])('room is asked for beyond what is held: %i bytes', async (n) => {
    const asked: number[] = [];
    const grow = (bytes: number) => asked.push(bytes) > 0;
    expect(await decode(encode(Buffer.alloc(n)), name, { ...roomy, grow })).toHaveLength(n);
    expect(asked.reduce((sum, bytes) => sum + bytes, 0)).toBe(n - roomy.heldBytes);
    expect(Math.max(...asked)).toBeLessThanOrEqual(1 << 20);
  });

  test.each([200_000, 3_000_000])('without room nothing is kept: %i bytes', async (n) => {
    const bounds = { ...roomy, grow: () => false };
    expect(await decode(encode(Buffer.alloc(n)), name, bounds)).toMatchObject({
      refused: 'over_capacity',
      retryAfterMs: 1_000,
    });
  });
});

test('what was wrong is said without quoting the data', async () => {
  const secret = Buffer.from('secret and no gzip at all');
  expect(await decode(secret, 'gzip')).toEqual({
    refused: 'bad_encoding',
    detail: 'body: expected gzip: incorrect header check (Z_DATA_ERROR)',
  });
  expect(await decode(zlib.deflateSync('x').subarray(0, 5), 'deflate')).toEqual({
    refused: 'bad_encoding',
    detail: 'body: expected deflate: it ends too early',
  });
  expect(await decode(Buffer.concat([quickBrotli(secret), secret]), 'br')).toEqual({
    refused: 'bad_encoding',
    detail: 'body: expected br: 25 bytes follow its end',
  });
  expect(await decode(Buffer.alloc(0), 'zstd')).toEqual({
    refused: 'bad_encoding',
    detail: 'body: expected zstd: the body is empty',
  });
});

test.each([10, 300_000])(
  'gzip members and zstd frames may follow each other, of %i bytes',
  async (n) => {
    const parts = [noise(n), noise(n, 7), noise(n, 9)];
    const whole = Buffer.concat(parts);
    for (const { name, encode } of [gzip, zstd]) {
      const wire = Buffer.concat(parts.map((part) => encode(part)));
      expect(whole.equals((await decode(wire, name)) as Buffer)).toBe(true);
    }
  },
);

test('a zstd frame that wants more memory than the web allows is refused', async () => {
  const { ZSTD_c_windowLog, ZSTD_c_contentSizeFlag } = zlib.constants;
  const params = { [ZSTD_c_windowLog]: 27, [ZSTD_c_contentSizeFlag]: 0 };
  const wire = await promisify(zlib.zstdCompress)(noise(20_000), { params });
  expect(await decode(greedyFrame(wire), 'zstd')).toMatchObject({
    refused: 'bad_encoding',
    detail: expect.stringContaining('too much memory'),
  });
});

test('identity is handed on as it is, however long', () => {
  const body = Buffer.from('x');
  expect(decode(body, 'identity', { ...roomy, decodedBytes: 0 })).toBe(body);
  expect(decode(body, undefined)).toBe(body);
});

test.each(['compress', 'gzip, br', 'gzip, gzip', 'utf-8', 'aws-chunked', '__proto__'])(
  'Content-Encoding %s is refused with what is accepted',
  (contentEncoding) => {
    expect(contentCoding(contentEncoding)).toEqual({
      refused: 'unsupported_encoding',
      detail: `Content-Encoding: expected one of gzip, deflate, br, zstd, got "${contentEncoding}"`,
      members: { accepted: ['gzip', 'deflate', 'br', 'zstd'] },
    });
  },
);

test.each(['GZIP', ' gzip '])('the name of a coding may be spelled %s', (contentEncoding) => {
  expect(contentCoding(contentEncoding)).toEqual({ name: 'gzip' });
});

test.each([
  { name: 'gzip', encoder: zlib.createGzip(), mebibytes: 1_024 },
  { name: 'deflate', encoder: zlib.createDeflate(), mebibytes: 256 },
  { name: 'br', encoder: zlib.createBrotliCompress(quick), mebibytes: 256 },
  { name: 'zstd', encoder: zlib.createZstdCompress(), mebibytes: 256 },
])('$mebibytes MiB of zeros as $name are stopped at the cap, and memory with it', async (made) => {
  const wire = await bomb(made.encoder, made.mebibytes);
  const { refused, rssMiB } = inAnotherProcess(wire, made.name);
  expect(refused).toBe('too_large');
  expect(rssMiB).toBeLessThanOrEqual(48);
});

test('31 MiB that may pass are held once, not as steps and as a whole', async () => {
  const { bytes, heldMiB } = inAnotherProcess(await bomb(zlib.createGzip(), 31), 'gzip');
  expect(bytes).toBe(31 << 20);
  expect(heldMiB).toBeLessThan(33);
});

function decode(wire: Buffer, name: string | undefined, bounds = roomy) {
  const coding = contentCoding(name);
  if ('refused' in coding) throw new Error(coding.detail);
  return decodeBody(wire, coding, bounds);
}

function quickBrotli(bytes: Buffer): Buffer {
  return zlib.brotliCompressSync(bytes, quick);
}

/** Bytes that no codec makes much smaller; the same for the same seed. */
function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** Rewrites the head of a zstd frame so that it asks for a window of 128 MiB. */
function greedyFrame(frame: Buffer): Buffer {
  const singleSegment = 0x20;
  const descriptor = frame[4] as number;
  if ((descriptor & singleSegment) !== 0) throw new Error('the frame has no window of its own');
  const greedy = Buffer.from(frame);
  greedy[5] = (27 - 10) << 3;
  return greedy;
}

interface Outcome {
  readonly refused?: string;
  readonly bytes?: number;
  /** By how much the process grew at most, and what its buffers hold at the end. */
  readonly rssMiB: number;
  readonly heldMiB: number;
}

/** Decodes a body where nothing else moves the figures. */
function inAnotherProcess(wire: Buffer, name: string): Outcome {
  const script = `
    import { readFileSync } from 'node:fs';
    import { contentCoding, decodeBody } from '${new URL('decode-body.ts', import.meta.url)}';
    const wire = readFileSync(0);
    const { rss, arrayBuffers } = process.memoryUsage();
    let most = rss;
    const look = () => { most = Math.max(most, process.memoryUsage.rss()); return true; };
    const bounds = { decodedBytes: 32 << 20, heldBytes: 0, grow: look };
    const { refused, length: bytes } = await decodeBody(wire, contentCoding('${name}'), bounds);
    look();
    console.log(JSON.stringify({
      refused,
      bytes,
      rssMiB: (most - rss) / 2 ** 20,
      heldMiB: (process.memoryUsage().arrayBuffers - arrayBuffers) / 2 ** 20,
    }));`;
  const args = ['--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { input: wire }).toString()) as Outcome;
}

/** So many MiB of zeros, which become about a thousandth of it. */
async function bomb(encoder: Transform, mebibytes: number): Promise<Buffer> {
  const zeros = Buffer.alloc(1 << 20);
  return buffer(Readable.from(new Array(mebibytes).fill(zeros)).pipe(encoder));
}
