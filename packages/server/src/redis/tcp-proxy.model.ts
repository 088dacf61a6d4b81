import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy of a test's own, between a client and a server on loopback. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Each reply is held back for so long; order is kept. */
  delayReplies(ms: number): void;
  /** While on, replies go nowhere: the server did it, and nobody hears of it. */
  swallowReplies(on: boolean): void;
  /** While on, nothing is passed on in either direction; then all of it is. */
  stall(on: boolean): void;
  /** Ends every connection with a reset. */
  cut(): void;
  /** Where new connections go from now on. */
  pointTo(port: number): void;
}

export async function startTcpProxy(toPort: number): Promise<TcpProxy> {
  const state = { toPort, delayMs: 0, swallows: false };
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let isStalled = false;
  const server = createServer((client) => {
    const upstream = connect(state.toPort, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end);
    client.on('data', (chunk) => void upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (state.swallows) return;
      const pass = () => void (client.destroyed || client.write(chunk));
      if (state.delayMs === 0) pass();
      else setTimeout(pass, state.delayMs); // timers of one length run in order
    });
    if (isStalled) for (const socket of pair) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  };
  return {
    port: (server.address() as { port: number }).port,
    delayReplies(ms) {
      state.delayMs = ms;
    },
    swallowReplies(on) {
      state.swallows = on;
    },
    stall(on) {
      isStalled = on;
      for (const socket of [...pairs].flat()) on ? socket.pause() : socket.resume();
    },
    cut,
    pointTo(port) {
      state.toPort = port;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
