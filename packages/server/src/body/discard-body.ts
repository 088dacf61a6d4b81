import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Ms, World } from '@weir/core/world/world';
import type { AppContext } from '../request.ts';

const keepBytes = 64 * 1024;
const keepMs: Ms = 1_000;
const lingerBytes = 16 * 1024 * 1024;
const lingerMs: Ms = 2_000;

/**
 * Sees to the body of a request that was answered before its body was read.
 *
 * Up to 64 KiB are thrown away within a second and the connection is kept. A longer body, or one of
 * unknown length, ends the connection, but not at once: closing a socket with unread bytes sends a
 * reset that can overtake the reply, so the rest is thrown away for up to 2 s and 16 MiB first.
 * Returns whether the reply must say `Connection: close`.
 */
export function discardUnread(c: AppContext, world: World): boolean {
  const { incoming, outgoing } = c.env ?? {};
  if (incoming === undefined || outgoing === undefined || incoming.complete) return false;
  const { 'content-length': announced, 'transfer-encoding': chunked, expect } = incoming.headers;
  if (announced === undefined && chunked === undefined) return false; // there is no body
  if (expect !== undefined) return true; // it was never asked for its body: nothing comes
  if (announced !== undefined && Number(announced) <= keepBytes) {
    process.nextTick(boundDumping, incoming, outgoing, world);
    return false;
  }
  lingerBeforeClosing(incoming, world);
  return true;
}

/**
 * By the end of the tick the parser has been through all that came with the header, which nearly
 * always is the whole body. Otherwise Node throws away what is left once the reply is out, and a
 * sender that dawdles is cut off.
 */
function boundDumping(incoming: IncomingMessage, outgoing: ServerResponse, world: World): void {
  if (incoming.complete) return;
  if (!outgoing.writableFinished) {
    outgoing.once('finish', () => boundDumping(incoming, outgoing, world));
    return;
  }
  const cancel = world.after(keepMs, () => incoming.socket.destroy());
  incoming.once('end', cancel).once('close', cancel).resume();
}

/** Node ends a finished connection by `destroySoon`; on this socket that waits for the sender. */
function lingerBeforeClosing(incoming: IncomingMessage, world: World): void {
  const { socket } = incoming;
  let bytes = 0;
  incoming.on('error', () => {}); // the sender may hang up: that is what we wait for
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > lingerBytes) socket.destroy();
  });
  socket.destroySoon = function destroyAfterLinger(this: Socket): void {
    this.end();
    const cancel = world.after(lingerMs, () => this.destroy());
    this.once('end', () => this.destroy());
    this.once('close', cancel);
    if (incoming.complete) this.destroy();
    else incoming.once('end', () => this.destroy());
  };
}
