import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { at, type Corner, keysOf, put, textOf } from './corner.model.ts';
import { failureOf, headOf } from './double-client.model.ts';

/** When a PUT creates an object, and when it leaves nothing. */
export function writeContract(open: () => Corner): void {
  test('without a condition an object is replaced, with one it stays', async () => {
    const corner = open();
    await corner.client.send(put(corner, { Body: 'one' }));
    await corner.client.send(put(corner, { Body: 'two' }));
    const third = corner.client.send(put(corner, { Body: 'three', IfNoneMatch: '*' }));
    expect(await failureOf(third)).toMatchObject({ name: 'PreconditionFailed', status: 412 });
    expect(await textOf(corner)).toBe('two');
  });

  test('of 32 writers on one key at one instant exactly one creates it, in 20 rounds', async () => {
    const corner = open();
    for (let round = 0; round < 20; round += 1) {
      const { winners, failures } = await race(corner, `${round}`);
      expect(winners).toEqual([await textOf(corner, `${round}`)]);
      expect(failures).toEqual(['PreconditionFailed']);
    }
  });

  const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i * 31));
  const stream = (pieceBytes: number) => {
    const pieces = Array.from({ length: Math.ceil(content.length / pieceBytes) }, (_, i) =>
      content.subarray(i * pieceBytes, (i + 1) * pieceBytes),
    );
    return Readable.from(pieces);
  };

  test('takes a stream with its checksum behind it', async () => {
    const corner = open();
    await corner.client.send(put(corner, { Body: stream(64_000), ContentLength: content.length }));
    const got = await corner.client.send(
      new GetObjectCommand({ ...at(corner), ChecksumMode: 'ENABLED' }),
    );
    expect(got.ChecksumCRC32).toHaveLength(8);
    expect(content.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
  });

  test.each([
    ['in chunks that are too small', 'InvalidChunkSizeError', 1_000, 0],
    ['shorter than announced', 'IncompleteBody', 64_000, 1],
    ['longer than announced', 'IncompleteBody', 64_000, -1],
  ])('a stream %s is refused: %s', async (_, name, pieceBytes, more) => {
    const corner = open();
    const length = { ContentLength: content.length + more };
    const sent = corner.client.send(put(corner, { Body: stream(pieceBytes), ...length }));
    // Whoever still sends when the answer comes may find the connection reset.
    expect([name, 'ECONNRESET', 'EPIPE']).toContain((await failureOf(sent)).name);
    expect(await keysOf(corner)).toEqual([]);
  });

  test('an upload that is cut in the middle leaves nothing', async () => {
    const corner = open();
    const Body = Buffer.alloc(100_000, 'x');
    const head = await headOf(corner.client, (client) => client.send(put(corner, { Body })));
    const { hostname, port } = new URL(corner.server.endpoint);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(head + 'x'.repeat(50_000));
    await once(socket, 'ready');
    socket.end();
    await once(socket.resume(), 'close');
    expect(await keysOf(corner)).toEqual([]);
    await corner.client.send(put(corner, { Body, IfNoneMatch: '*' }));
  });
}

async function race(corner: Corner, Key: string) {
  const texts = Array.from({ length: 32 }, (_, i) => `writer ${i}`);
  const writers = texts.map((Body) =>
    corner.client.send(put(corner, { Key, Body, IfNoneMatch: '*' })),
  );
  const outcomes = await Promise.allSettled(writers);
  const failures = outcomes.flatMap((end) => (end.status === 'rejected' ? [end.reason.name] : []));
  return {
    winners: texts.filter((_, i) => outcomes[i]?.status === 'fulfilled'),
    failures: [...new Set(failures)],
  };
}
