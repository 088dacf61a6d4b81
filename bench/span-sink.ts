import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

// A collector that counts: OTLP over HTTP in protobuf. `slow` never answers. GET /counts tells how many
// spans there were, by name. A program of its own, so that it takes nothing from the server's core.

const isSlow = process.argv.includes('slow');
const counts = new Map<string, number>();

const server = createServer((request, response) => {
  if (request.url === '/counts') {
    response.end(JSON.stringify(Object.fromEntries(counts)));
    return;
  }
  void bodyOf(request).then((body) => {
    if (isSlow) return;
    if (request.url === '/v1/traces') count(body);
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** resource_spans = 1, their scope_spans = 2, their spans = 2, the name of each = 5. */
function count(body: Buffer): void {
  const spans = [body]
    .flatMap(partsNumbered(1))
    .flatMap(partsNumbered(2))
    .flatMap(partsNumbered(2));
  for (const name of spans.flatMap(partsNumbered(5)).map(String)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

function partsNumbered(wanted: number): (message: Buffer) => Buffer[] {
  return (message) => [...partsOf(message, wanted)];
}

/** The length-delimited parts of a protobuf message that have this number. */
function* partsOf(message: Buffer, wanted: number): Iterable<Buffer> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [number, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else {
      const length = varint();
      if (number === wanted) yield message.subarray(at, at + length);
      at += length;
    }
  }
}
