import { once } from 'node:events';
import { run } from './program.ts';

// A reader that has seen enough, such as head, closes the pipe: that is its right.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Waiting between two tries at a store keeps no process alive, and would end the command in its middle.
// biome-ignore lint/style/noRestrictedGlobals: nothing is timed by it
const alive = setInterval(() => {}, 2 ** 30);
process.exitCode = await run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  async bytes(bytes) {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  },
});
clearInterval(alive);
