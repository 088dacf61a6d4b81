import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { has } from './machine.ts';

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Keys that take turns; none where the headers hold one. */
  readonly keys?: readonly string[];
  /** One, or several that take turns as keys do; without line ends. */
  readonly body: string | readonly string[];
  readonly seconds: number;
  readonly connections: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no 2xx, and connections that broke. */
  readonly refused: number;
  readonly errors: number;
}

const run = promisify(execFile);
/** The generator's core; the server has core 0 to itself. */
const generatorCore = '1';

/** Closed loop: each connection sends its next request when the last was answered. */
export async function drive(load: Load): Promise<LoadResult> {
  if (!has('wrk')) throw new Error('this bench needs wrk (Debian: apt-get install wrk)');
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  try {
    const script = join(folder, 'load.lua');
    const files = { body: join(folder, 'body'), keys: join(folder, 'keys') };
    await writeFile(files.body, typeof load.body === 'string' ? load.body : load.body.join('\n'));
    await writeFile(files.keys, (load.keys ?? []).join('\n'));
    await writeFile(script, luaOf(load, files));
    const args = ['-c', generatorCore, 'wrk', '-t1', `-c${load.connections}`, `-d${load.seconds}s`];
    const { stdout } = await run('taskset', [...args, '-s', script, load.url]);
    return JSON.parse(/^RESULT (.*)$/m.exec(stdout)?.[1] ?? 'null') as LoadResult;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function luaOf({ headers }: Load, files: { body: string; keys: string }): string {
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  return `wrk.method = "POST"
${lines.join('\n')}
local requests, turn = {}, 0
local function linesOf(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end
function init(args)
  local bodies = linesOf(${JSON.stringify(files.body)})
  local keys = linesOf(${JSON.stringify(files.keys)})
  for i = 1, math.max(#bodies, #keys) do
    wrk.body = bodies[(i - 1) % #bodies + 1]
    if #keys > 0 then wrk.headers["authorization"] = "Bearer " .. keys[(i - 1) % #keys + 1] end
    requests[i] = wrk.format()
  end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"perSecond":%f,"p50Ms":%f,"p99Ms":%f,"refused":%d,"errors":%d}\\n',
    summary.requests, summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
`;
}
