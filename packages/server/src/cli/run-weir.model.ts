import type { ExitCode } from './outcome.ts';
import { run } from './program.ts';

/** Runs a command within this process, as the program does, and keeps what it writes. */
export async function weir(
  ...args: string[]
): Promise<{ readonly exit: ExitCode; readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const exit = await run(args, {
    out(text) {
      out += text;
    },
    err(text) {
      err += text;
    },
    async bytes(bytes) {
      out += Buffer.from(bytes).toString();
    },
  });
  return { exit, out, err };
}
