import { appendFile, stat } from 'node:fs/promises';
import { WeirError } from '../weir-error.ts';

const mostBytes = 64 * 1024 * 1024;

/** Adds lines to the file of a spool that keeps what can never be delivered; of 64 MiB at most. */
export async function appendPoison(dir: string, lines: readonly string[]): Promise<void> {
  const path = `${dir}/poison.ndjson`;
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  const text = lines.map((line) => `${line}\n`).join('');
  if (size + Buffer.byteLength(text) > mostBytes) {
    throw new WeirError('spool', `${path} is full: look at it, then remove it`);
  }
  await appendFile(path, text, { mode: 0o600, flush: true });
}
