import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, freePort, listening, saidBy } from './child-server.ts';
import { temporaryFolder } from './weir-process.ts';

/** Prometheus with its promtool; on Debian the test set-up installs the package. */
export function findPrometheus(): string | undefined {
  const program = findProgram('prometheus');
  return findProgram('promtool') === undefined ? undefined : program;
}

/** A sentence for a test that must be left out; undefined where there is one. */
export function whyNoPrometheus(): string | undefined {
  return findPrometheus() === undefined ? 'prometheus and promtool are not on the PATH' : undefined;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus that scrapes each second, with the shipped rules. */
export interface RealPrometheus extends AsyncDisposable {
  readonly url: string;
  query(expression: string): Promise<Sample[]>;
}

const otel = fileURLToPath(new URL('../../otel/', import.meta.url));

export async function startPrometheus(targets: readonly string[]): Promise<RealPrometheus> {
  const program = findPrometheus();
  if (program === undefined) throw new Error('there is no Prometheus on the PATH');
  const folder = await temporaryFolder();
  const config = join(folder.path, 'prometheus.yaml');
  const shipped = await readFile(join(otel, 'prometheus.yaml'), 'utf8');
  const quick = shipped
    .replace('scrape_interval: 15s', 'scrape_interval: 1s')
    .replace('["127.0.0.1:8081"]', JSON.stringify(targets))
    .replace('[alerts.yaml]', JSON.stringify([join(otel, 'alerts.yaml')]));
  await writeFile(config, quick);
  await mkdir(join(folder.path, 'data'));
  const port = await freePort();
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  await Promise.race([listening(port), saidBy('Prometheus', child)]);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    query: (expression) => query(url, expression),
    [Symbol.asyncDispose]: async () => {
      process.off('exit', kill);
      kill();
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [at: number, value: string];
    }[];
  };
}

async function query(url: string, expression: string): Promise<Sample[]> {
  const reply = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { status, error, data } = (await reply.json()) as Answer;
  if (status === 'error') throw new Error(`${expression}: ${error}`);
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
