import { stat } from 'node:fs/promises';
import { parseReceipt, type ReceiptId } from '@weir/core/wire/receipt';
import { isoTime, isoTimeMs } from '../delivery/iso-time.ts';
import { keyProblem } from '../object-key.ts';
import { hasProblems } from '../problems.ts';
import { type LineStream, readHour, readObject, readReceipt } from '../reading/read-lines.ts';
import { placesIn } from '../settings/read-settings.ts';
import { placeOf } from '../spool/spool-directory.ts';
import { ContentDamaged } from '../store/content.ts';
import { tenantName } from '../tenants/tenants-file.ts';
import { type Opened, openStore } from './open-store.ts';
import { exits, found, misused, type Outcome, type Output, wrongArgument } from './outcome.ts';

export interface CatOptions {
  readonly config?: string | undefined;
  readonly object?: string | undefined;
  readonly receipt?: string | undefined;
  readonly tenant?: string | undefined;
  readonly hour?: string | undefined;
}

/** Which lines are wanted. */
interface Wanted {
  /** undefined where they are not there. */
  read(opened: Opened, signal: AbortSignal): Promise<LineStream | undefined>;
  /** Why there are none. */
  missing(opened: Opened): Promise<string>;
}

/** `weir cat`: stored lines as they are, one event each. */
export async function cat(options: CatOptions, output: Output): Promise<Outcome> {
  const wanted = wantedBy(options);
  if ('exit' in wanted) return wanted;
  const opened = await openStore(options.config);
  if (hasProblems(opened)) return found(opened.problems);
  const lines = await wanted.read(opened, new AbortController().signal);
  const count = lines === undefined ? 0 : await write(lines, output);
  if (typeof count === 'string') return found([count]);
  if (count === 0) return found([await wanted.missing(opened)]);
  return { exit: exits.ok, lines: [] };
}

/** How many there were, or why they could not be read to their end. */
async function write(stream: LineStream, output: Output): Promise<number | string> {
  let count = 0;
  try {
    for await (const lines of stream) {
      count += lines.length;
      await output.bytes(Buffer.concat(lines.flatMap((line) => [line, newline])));
    }
    return count;
  } catch (error) {
    if (error instanceof ContentDamaged) return `damaged after ${count} lines: ${error.message}`;
    throw error;
  }
}

const newline = Buffer.from('\n');
const oneOf = 'name one of --object KEY, --receipt ID, or --tenant T with --hour YYYY-MM-DDTHH';

function wantedBy({ object, receipt, tenant, hour }: CatOptions): Wanted | Outcome {
  const named = [object, receipt, tenant ?? hour].filter((option) => option !== undefined);
  if (named.length !== 1) return misused(oneOf);
  if (object !== undefined) return wantedObject(object);
  if (receipt !== undefined) return wantedReceipt(receipt);
  if (tenant === undefined || hour === undefined) return misused(oneOf);
  return wantedHour(tenant, hour);
}

function wantedObject(key: string): Wanted | Outcome {
  const problem = keyProblem(key);
  if (problem !== undefined) return misused(`--object: ${problem}`);
  return {
    read: ({ store }, signal) => readObject(store, key, signal),
    missing: async () => `there is no object ${key}`,
  };
}

function wantedReceipt(text: string): Wanted | Outcome {
  const id = parseReceipt(text);
  if (id === undefined) return wrongArgument('--receipt', 'the receipt of a reply', text);
  return {
    read: ({ store }, signal) => readReceipt(store, id, signal),
    missing: (opened) => whyMissing(id, text, opened),
  };
}

async function whyMissing(id: ReceiptId, text: string, { settings }: Opened): Promise<string> {
  const { segmentPath, sealedPath } = placeOf(placesIn(settings).spool, id);
  const looks = [segmentPath, sealedPath].map((path) => stat(path).catch(() => undefined));
  const isQueued = (await Promise.all(looks)).some((file) => file !== undefined);
  if (isQueued) return `${text} waits in the spool, not delivered yet: try again in a moment`;
  return `there is no ${text}, or another server still has it`;
}

function wantedHour(tenant: string, hour: string): Wanted | Outcome {
  const name = tenantName.safeParse(tenant);
  if (!name.success) return misused(`--tenant: ${name.error.issues[0]?.message}`);
  const hourMs = startOf(hour);
  if (hourMs === undefined) return wrongArgument('--hour', 'an hour in UTC: YYYY-MM-DDTHH', hour);
  return {
    read: async ({ store, settings: { objectTemplate: template } }, signal) =>
      readHour(store, { template, tenant, hourMs }, signal),
    missing: async () => `nothing of ${tenant} arrived and was stored in the hour ${hour}`,
  };
}

/** undefined where there is no such hour, such as one of 30 February. */
function startOf(hour: string): number | undefined {
  const text = `${hour}:00:00.000Z`;
  const hourMs = isoTimeMs(text);
  return !Number.isNaN(hourMs) && isoTime(hourMs) === text ? hourMs : undefined;
}
