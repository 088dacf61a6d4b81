import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { terms } from '../plan/terms.ts';
import { type CompareOptions, compare } from './compare.ts';
import { list, schema } from './list.ts';
import {
  type ExitCode,
  exits,
  type Form,
  Misuse,
  type Outcome,
  type Output,
  print,
} from './outcome.ts';
import { kebab, type PlanOptions, planCommand } from './plan.ts';
import { type ReplayOptions, replay } from './replay.ts';
import { type RunOptions, run as runCommand } from './run.ts';
import type { ServeOptions } from './serve.ts';
import { type TuneCommandOptions, tuneCommand } from './tune.ts';
import { type ValidateOptions, validate } from './validate.ts';

/** Runs `weir-sim` with these arguments. Never throws: what went wrong is told on standard error. */
export async function run(args: readonly string[], output: Output): Promise<ExitCode> {
  let exit: ExitCode = exits.ok;
  const act: Act = (command, work) =>
    command.action(async (...given: unknown[]) => {
      const { json, csv } = command.opts<{ json?: boolean; csv?: boolean }>();
      const form: Form = json === true ? 'json' : csv === true ? 'csv' : 'text';
      const outcome = await ended(() => work(...(given as never[])));
      exit = print(outcome, form, output);
    });
  try {
    await programOf(act, output).parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.ok : exits.usage;
    throw error;
  }
}

async function ended(work: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Misuse) {
      const { problems } = error;
      return { exit: exits.usage, lines: [], notes: problems };
    }
    if (error instanceof Error && 'syscall' in error) {
      return { exit: exits.trouble, lines: [], notes: [error.message] };
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      exit: exits.trouble,
      lines: [],
      notes: [`unexpected, and so a fault of weir: ${text}`],
    };
  }
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

type Act = (command: Command, work: (...given: never[]) => Outcome | Promise<Outcome>) => Command;

const codes = [
  'Exit codes: 0 all is well, 1 something is worse than it was, 2 wrong usage or a wrong file,',
  '3 it could not be done, 130 interrupted (what was done until then is printed).',
].join('\n');

function programOf(act: Act, output: Output): Command {
  const program = new Command('weir-sim')
    .description(
      'Senders, quotas and servers in virtual time: the code that ships, and its rivals.',
    )
    .version(version())
    .showHelpAfterError('(run it with --help)')
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err });
  addRun(program, act, output);
  addCompare(program, act, output);
  addTune(program, act, output);
  addReplay(program, act, output);
  addPlan(program, act);
  addValidate(program, act, output);
  addServe(program, act, output);
  addLists(program, act);
  return program.addHelpText('after', `\n${codes}`);
}

const json = () => new Option('--json', 'print JSON, for machines').conflicts('csv');
const csv = () => new Option('--csv', 'print CSV, for tables');
const tier = () =>
  new Option('--tier <tier>', 'a: any server that tells its limits; b: weir, with hints').choices([
    'a',
    'b',
  ]);

function example(...lines: readonly string[]): string {
  return `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function addOverrides(command: Command): Command {
  return command
    .option('--clients <n>', 'how many clients (or keys)')
    .option('--tokens <n>', 'tokens of the quota …')
    .option('--period <time>', '… earned in each such time: 500ms, 2s, 1h')
    .option('--burst <n>', 'most tokens at one instant')
    .option('--initial <n>', 'tokens left at the start')
    .option('--duration <time>', 'how long it lasts: 30m')
    .option('--tells <what>', 'what replies tell: hints, headers, remaining, retry-after, status')
    .option('--set <path=value...>', 'any other field of the scenario: network.roundTripMs=[5,9]');
}

const aFile = [
  '',
  'A scenario is an id (weir-sim list) or a JSON file; weir-sim schema prints what may be in it.',
].join('\n');

function addRun(program: Command, act: Act, output: Output): void {
  const command = program
    .command('run <scenario>')
    .description('run a scenario once, and draw how long each client sleeps')
    .option('--strategy <name>', 'who paces (default: what ships)')
    .addOption(tier())
    .option('--seed <n>', 'which chance', '1')
    .option('--events <file>', 'write each attempt to a file, as NDJSON')
    .option('--svg <file>', 'write the chart to a file')
    .option('--no-chart', 'leave out the chart')
    .addOption(json())
    .addOption(csv());
  addOverrides(command).addHelpText(
    'after',
    `${aFile}\n${example(
      'weir-sim run H1 --strategy heroku-remaining --seed 7',
      'weir-sim run H1 --clients 23 --tokens 3 --period 2s --burst 40 --json',
      'weir-sim run mine.json --events events.ndjson --svg sleep.svg',
    )}`,
  );
  act(command, (given: string, options: RunOptions) => runCommand(given, options, output));
}

function addCompare(program: Command, act: Act, output: Output): void {
  const command = program
    .command('compare <scenario>')
    .description('compare strategies on the same seeds, with intervals and significance')
    .option('--strategies <names>', 'with commas between them, or all', 'all')
    .option('--base <name>', 'what the others are compared with (default: the first)')
    .option('--seeds <seeds>', 'such as 1-100', '1-100')
    .option(
      '--measures <names>',
      'columns to print; JSON and CSV have all',
      'retryRate,maxSleepMs,requestCountStdev,quotaUsed,timeToClearMs,lostShare,goodputPerSecond,p99WaitMs,jain',
    )
    .addOption(tier())
    .option('--baseline <file>', 'what --json printed before: ends with 1 where it got worse')
    .option('--tolerance <share>', 'with --baseline: a change of less is none', '0.01')
    .addOption(json())
    .addOption(csv());
  addOverrides(command).addHelpText(
    'after',
    `${aFile}\n${example(
      'weir-sim compare H1 --strategies heroku-remaining,heroku-proportional',
      'weir-sim compare H1 --seeds 1-20 --json > before.json',
      'weir-sim compare H1 --baseline before.json',
    )}`,
  );
  act(command, (given: string, options: CompareOptions) => compare(given, options, output));
}

function addTune(program: Command, act: Act, output: Output): void {
  const command = program
    .command('tune')
    .description('search parameters of the throttle and of the server, and write them to a file')
    .addOption(
      new Option('--side <side>', 'what is tuned')
        .choices(['client', 'server', 'both'])
        .default('both'),
    )
    .option('--scenarios <ids>', 'for the client: H1,H2,… (default: all that it is held to)')
    .option('--evaluations <n>', 'runs of a candidate with a seed, for each side', '2000')
    .option('--seeds <seeds>', 'that are searched on', '101-108')
    .option('--held-out <seeds>', 'that what was found must hold on', '1-40')
    .option('--seed <n>', 'which chance the search itself has', '1')
    .option('--start <file>', 'begin with what was tuned before')
    .option('--plan <plan/quota>', 'whose burst is written, such as free/requests')
    .option('--out <file>', 'for weir serve --config and for the throttle of the SDK')
    .option('--threads <n>', 'default: one for each core')
    .addOption(json());
  command.addHelpText(
    'after',
    example(
      'weir-sim tune --out tuned.json',
      'weir-sim tune --side client --scenarios H1 --evaluations 10000',
    ),
  );
  act(command, (options: TuneCommandOptions) => tuneCommand(options, output));
}

function addReplay(program: Command, act: Act, output: Output): void {
  const command = program
    .command('replay <trace>')
    .description('hold arrivals against a quota: what it refuses, and what burst would be enough')
    .requiredOption('--tokens <n>', 'tokens of the quota, for each key …')
    .option('--period <time>', '… earned in each such time: 500ms, 2s, 1h', '1s')
    .requiredOption('--burst <n>', 'most tokens at one instant')
    .addOption(
      new Option('--unit <unit>', 'what is counted')
        .choices(['requests', 'events', 'bytes'])
        .default('requests'),
    )
    .addOption(json())
    .addOption(csv())
    .addHelpText(
      'after',
      `\nA trace is NDJSON in order of time, from a file or - (standard input); us are whole µs:\n  {"us":1500,"key":"acme","events":1,"bytes":812}\n${example(
        'weir-sim replay day.ndjson --tokens 1000 --period 1s --burst 2000',
        'zcat day.ndjson.gz | weir-sim replay - --tokens 50000 --burst 500000 --unit bytes',
      )}`,
    );
  act(command, (path: string, options: ReplayOptions) => replay(path, options, output));
}

function addPlan(program: Command, act: Act): void {
  const command = program
    .command('plan')
    .description('size a deployment: servers, shards, objects, bandwidth, $ a month')
    .option('--surge <factors>', 'and what becomes of it at so many times the load: 5,50')
    .option('--quotas <factor>', 'with --surge: quotas are so many times the planned peak in sum')
    .addOption(json())
    .addOption(csv());
  for (const { name, otherwise, says } of terms) {
    const standard = otherwise === undefined ? '' : ` (default: ${otherwise})`;
    command.option(`--${kebab(name)} <n>`, `${says}${standard}`);
  }
  command.addHelpText(
    'after',
    `\nThe table is Markdown. Each line has its formula, and the measured figure behind it.\n${example(
      'weir-sim plan --users 2_000_000 --requests 50 --bytes 800 --peak-ratio 4',
      'weir-sim plan --users 2_000_000 --requests 50 --surge 5,50 --quotas 2',
    )}`,
  );
  act(command, (options: PlanOptions) => planCommand(options));
}

function addValidate(program: Command, act: Act, output: Output): void {
  const command = program
    .command('validate')
    .description('let SDKs send to a live weir, simulate exactly that, and compare')
    .requiredOption('--url <url>', 'where the server is')
    .requiredOption(
      '--key <key>',
      'a key whose quota may be spent; weir-sim.validate events are stored',
    )
    .option('--senders <n>', 'processes, each with a client of its own', '4')
    .option('--duration <time>', 'how long they send', '20s')
    .addOption(json())
    .addOption(csv())
    .addHelpText(
      'after',
      `\nEnds with 1 where the share refused differs by more than 2 points, or throughput by 5 %.\n${example(
        'weir-sim validate --url http://127.0.0.1:8080 --key "$(cat data/dev-key)" --duration 20s',
      )}`,
    );
  act(command, (options: ValidateOptions) => validate(options, output));
}

function addServe(program: Command, act: Act, output: Output): void {
  const command = program
    .command('serve')
    .description('open the page: two strategies side by side, with sliders and curves')
    .option('--port <port>', 'on which to listen; 0 is any that is free', '8090')
    .option('--host <host>', 'on which address', '127.0.0.1')
    .option('--to <folder>', 'write static files there instead, for any web server')
    .addOption(json())
    .addHelpText('after', example('weir-sim serve', 'weir-sim serve --to public/simulator'));
  act(command, async (options: ServeOptions) => {
    const { serve } = await import('./serve.ts'); // the bundler takes a while to load
    return serve(options, output);
  });
}

function addLists(program: Command, act: Act): void {
  const lists = program
    .command('list')
    .description('name the scenarios and strategies there are')
    .addOption(json())
    .addOption(csv())
    .addHelpText('after', example('weir-sim list'));
  act(lists, list);
  const schemas = program
    .command('schema')
    .description('print the JSON schema of a scenario file')
    .addOption(json())
    .addHelpText('after', example('weir-sim schema > scenario.schema.json'));
  act(schemas, schema);
}
