import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { WeirProcess } from './weir-process.ts';

const program = fileURLToPath(new URL('./traced-sender.ts', import.meta.url));

/** Lets a host with OpenTelemetry send one event through the client, in a process of its own. */
export async function runTracedSender(
  { url, key }: Pick<WeirProcess, 'url' | 'key'>,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly traceId: string; readonly receipt: string }> {
  const sender = { PATH: process.env.PATH, WEIR_URL: url, WEIR_API_KEY: key, ...env };
  const ran = await promisify(execFile)(process.execPath, [program], { env: sender });
  return JSON.parse(ran.stdout) as { traceId: string; receipt: string };
}
