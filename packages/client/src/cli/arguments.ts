import { parseArgs } from 'node:util';

/** What was asked for on the command line. */
export interface SendArguments {
  readonly files: readonly string[];
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly batchEvents: number;
  readonly batchBytes: number;
  readonly concurrency: number;
  /** Where rejected lines go; undefined: beside each file. */
  readonly rejected: string | undefined;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly spool: string | undefined;
  readonly spoolTask: 'inspect' | 'drain' | undefined;
}

export const help = `weir-send FILE… | -      sends events, one JSON a line, to weir

  weir-send events.ndjson                     all of it; killed half-way, run the same again to go on
  zcat old.ndjson.gz | weir-send -            from standard input; cannot go on after a kill
  weir-send --json a.ndjson b.ndjson          the counts as JSON, for machines
  weir-send --inspect ./spool                 what lies in the spool of an application
  weir-send --drain ./spool                   sends what lies there

  --url URL            where weir is, or several, separated by commas    [WEIR_URL]
  --key KEY            better given as a variable than seen by ps        [WEIR_API_KEY]
  --batch-events N     events a request at most                          [500]
  --batch-bytes N      bytes a request at most                           [1048576]
  --concurrency N      requests under way at once                        [8]
  --rejected FILE      where rejected lines go                           [FILE.rejected.ndjson]
  --json, --quiet      counts as JSON; no progress
  --help, --version

What was sent is remembered in FILE.weir-progress until the file is done. Exit code: 0 all taken, 1 some
rejected (they are in the side file), 2 not finished or not begun, 130 interrupted.
`;

/** A mistake in what was typed: said in one sentence, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const options = {
  url: { type: 'string' },
  key: { type: 'string' },
  'batch-events': { type: 'string', default: '500' },
  'batch-bytes': { type: 'string', default: '1048576' },
  concurrency: { type: 'string', default: '8' },
  rejected: { type: 'string' },
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  inspect: { type: 'string' },
  drain: { type: 'string' },
  help: { type: 'boolean', default: false },
  version: { type: 'boolean', default: false },
} as const;

/** `help` and `version` where that is all that is wanted. Throws a UsageError. */
export function readArguments(args: readonly string[]): SendArguments | 'help' | 'version' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  if (values.version) return 'version';
  const spool = values.inspect ?? values.drain;
  if (positionals.length === 0 && spool === undefined) {
    throw new UsageError('which file? `weir-send --help` shows how');
  }
  if (values.rejected !== undefined && positionals.length > 1) {
    throw new UsageError('--rejected names one file, so send one file at a time with it');
  }
  return {
    files: positionals,
    url: values.url,
    key: values.key,
    batchEvents: count('--batch-events', values['batch-events'], 10_000),
    batchBytes: count('--batch-bytes', values['batch-bytes'], 33_554_432),
    concurrency: count('--concurrency', values.concurrency, 256),
    rejected: values.rejected,
    isJson: values.json,
    isQuiet: values.quiet,
    spool,
    spoolTask: values.inspect === undefined ? values.drain && 'drain' : 'inspect',
  } as SendArguments;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function count(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(`${name} must be a whole number from 1 to ${most}, not ${text}`);
}
