import type { ExitCode } from './outcome.ts';
import { run } from './program.ts';

/** Runs a command within this process, as the program does, and keeps what it writes. */
export async function weirSim(
  ...args: string[]
): Promise<{ readonly exit: ExitCode; readonly out: string; readonly err: string }> {
  return weirSimWith(() => undefined, ...args);
}

/** The same; `heard` is given what an interrupt would call. */
export async function weirSimWith(
  heard: (stop: () => void) => void,
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
    isTerminal: false,
    columns: 80,
    onInterrupt(stop) {
      heard(stop);
      return () => undefined;
    },
  });
  return { exit, out, err };
}
