import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { type CatOptions, cat } from './cat.ts';
import { check } from './check.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';
import { type ExitCode, exits, type Outcome, type Output, print } from './outcome.ts';
import { type ReplayOptions, replay } from './replay.ts';
import { serveCommand } from './serve.ts';
import { troubleOf } from './trouble.ts';
import { verifyCommand } from './verify.ts';

/** Runs `weir` with these arguments. Never throws: what went wrong is told on standard error. */
export async function run(args: readonly string[], output: Output): Promise<ExitCode> {
  let exit: ExitCode = exits.ok;
  const act = (command: Command, work: (...given: never[]) => Promise<Outcome>) =>
    command.action(async (...given: unknown[]) => {
      const asJson = command.opts<{ json?: boolean }>().json === true;
      const outcome = await work(...(given as never[])).catch(troubleOf);
      exit = print(outcome, asJson, output);
    });
  try {
    await programOf(act, output).parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.ok : exits.usage;
    throw error;
  }
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

type Act = (command: Command, work: (...given: never[]) => Promise<Outcome>) => Command;

function programOf(act: Act, output: Output): Command {
  const { out, err } = output;
  const program = new Command('weir')
    .description(
      'Events in over HTTP, held to quotas, durable before the yes, packed into objects.',
    )
    .version(version())
    .showHelpAfterError('(run it with --help)')
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err });
  addServe(program, act);
  addKeys(program, act);
  addCheck(program, act);
  addVerify(program, act);
  addReplay(program, act);
  addCat(program, act, output);
  return program.addHelpText('after', `\n${codes}`);
}

const codes = [
  'Exit codes: 0 all is well, 1 something is wrong with what was looked at, 2 wrong usage,',
  '3 it could not be done (disk, store).',
].join('\n');

const config = () =>
  new Option('--config <file>', 'JSON file of settings, second to the environment');
const tenants = () => new Option('--tenants <file>', 'file of tenants (default: WEIR_TENANTS)');
const json = () => new Option('--json', 'print JSON, for machines');

function example(...lines: readonly string[]): string {
  return `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function addServe(program: Command, act: Act): void {
  const command = program
    .command('serve')
    .description('take events until SIGTERM or SIGINT, then finish and stop')
    .addOption(config())
    .addOption(json())
    .addHelpText('after', example('PORT=8080 WEIR_TENANTS=tenants.yaml weir serve'));
  act(command, serveCommand);
}

function addKeys(program: Command, act: Act): void {
  const keys = program
    .command('keys')
    .description('make, list and revoke the keys of tenants')
    .addHelpText('after', example('weir keys create acme --tenants tenants.json'));
  const create = keys
    .command('create <tenant>')
    .description('make a key and print it, once; the file keeps only its salted hash')
    .addOption(tenants())
    .addOption(
      new Option('--scope <scope...>', 'what the key may do')
        .choices(['ingest', 'read'])
        .default(['ingest'], 'ingest'),
    )
    .option('--plan <plan>', 'plan of a tenant that is new (default: "standard", or the only one)')
    .addOption(json())
    .addHelpText('after', example('weir keys create acme --tenants tenants.json --plan standard'));
  act(create, createKey);
  const list = keys
    .command('list')
    .description('tell whose keys there are')
    .addOption(tenants())
    .addOption(json())
    .addHelpText('after', example('weir keys list --tenants tenants.json'));
  act(list, listKeys);
  const revoke = keys
    .command('revoke <keyid>')
    .description('remove a key; servers refuse it within a second')
    .addOption(tenants())
    .addOption(json())
    .addHelpText('after', example('weir keys revoke k3v9d0a1b2c3 --tenants tenants.json'));
  act(revoke, revokeKey);
}

function addCheck(program: Command, act: Act): void {
  const command = program
    .command('check')
    .description('look at settings and tenants without starting anything')
    .addOption(config())
    .addOption(tenants())
    .addOption(json())
    .addHelpText('after', example('weir check --config weir.json --tenants tenants.yaml'));
  act(command, check);
}

function addVerify(program: Command, act: Act): void {
  const command = program
    .command('verify')
    .description('compare manifests with objects: gaps, duplicates, damage')
    .option('--ledger', "tell where each tenant's events are, spool and store together")
    .addOption(config())
    .addOption(json())
    .addHelpText('after', example('weir verify --ledger', 'WEIR_DATA_DIR=/srv/weir weir verify'));
  act(command, verifyCommand);
}

function addReplay(program: Command, act: Act): void {
  const command = program
    .command('replay')
    .description('deliver dead letters again, once what refused them is mended')
    .addOption(config())
    .addOption(json())
    .addHelpText('after', example('weir replay', 'S3_BUCKET=events weir replay --json'));
  act(command, (options: ReplayOptions) => replay(options));
}

function addCat(program: Command, act: Act, output: Output): void {
  const command = program
    .command('cat')
    .description('print stored events, one a line, as they are')
    .option('--object <key>', 'all lines of an object')
    .option('--receipt <id>', 'the lines of one request')
    .option('--tenant <tenant>', 'the lines of a tenant')
    .option('--hour <hour>', '… that arrived in this hour, in UTC: YYYY-MM-DDTHH')
    .addOption(config())
    .addOption(json())
    .addHelpText(
      'after',
      example(
        'weir cat --receipt 0123456789abcdef-1-0',
        'weir cat --tenant dev --hour 2026-11-21T12',
      ),
    );
  act(command, (options: CatOptions) => cat(options, output));
}
