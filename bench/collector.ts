import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** `slow` never answers; `dead` has ended before it is asked anything. */
export type CollectorMood = 'well' | 'slow' | 'dead';

/** What a collector was told: spans by their name. */
type SpanCounts = Readonly<Record<string, number>>;

/** A collector of OTLP that counts, in a process of its own on the generator's core. */
export interface Collector {
  readonly url: string;
  readonly mood: CollectorMood;
  /** Only of one that is well. */
  counts(): Promise<SpanCounts>;
  end(): void;
}

const generatorCore = '1';

export async function startCollector(mood: CollectorMood): Promise<Collector> {
  const program = fileURLToPath(new URL('./span-sink.ts', import.meta.url));
  const child = spawn('taskset', ['-c', generatorCore, process.execPath, program, mood], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${port.toString().trim()}`;
  if (mood === 'dead') end();
  return {
    url,
    mood,
    counts: async () => (await (await fetch(`${url}/counts`)).json()) as SpanCounts,
    end() {
      process.off('exit', end);
      end();
    },
  };
}
