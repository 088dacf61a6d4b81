import type { Unit } from '@weir/core/admission';
import { compileQuota, type Quota } from '@weir/core/gcra';
import type { Us } from '@weir/core/world/world';
import { z } from 'zod';
import { type ListsFile, noLists } from '../guards/access-lists.ts';
import { parseText, pathText } from '../parse-text.ts';
import { hasProblems, type Problems, showGiven } from '../problems.ts';
import { parseBytes } from '../settings/setting-kinds.ts';
import type { OnTrouble, Scope } from './caller.ts';
import { readLists } from './lists-file.ts';

export interface PlanQuota {
  readonly name: string;
  readonly unit: Unit;
  readonly quota: Quota;
  readonly scope: 'tenant' | 'key';
  readonly shadow: boolean;
  readonly onTrouble: OnTrouble;
}

export interface TenantKey {
  readonly id: string;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
  readonly scopes: ReadonlySet<Scope>;
}

/** Caps on one request of a tenant; the server's own settings are the ceiling. */
export interface TenantLimits {
  readonly bodyBytes?: number | undefined;
  readonly decodedBytes?: number | undefined;
  readonly eventBytes?: number | undefined;
  readonly events?: number | undefined;
}

export interface Tenant {
  readonly plan: string;
  readonly keys: readonly TenantKey[];
  readonly limits: TenantLimits;
  /** Its share of a crowded spool, beside those of the others. */
  readonly weight: number;
}

/** A file of tenants: checked, every quota ready to be decided on. */
export interface TenantsFile {
  readonly plans: ReadonlyMap<string, readonly PlanQuota[]>;
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** Who is let in or kept out whatever else holds. */
  readonly lists: ListsFile;
}

/**
 * Checks a file of tenants, JSON or YAML. Lists everything that is wrong at once.
 *
 * @param path of the file, of which only the ending is looked at
 */
export function parseTenants(text: string, path: string): TenantsFile | Problems {
  const parsed = parseText(text, path);
  if (hasProblems(parsed)) return parsed;
  const reader = new Reader();
  const file = reader.file(parsed.value);
  return reader.problems.length === 0 ? file : { problems: shorten(reader.problems) };
}

const mostProblems = 100;

/** A file of many tenants that is wrong everywhere still leaves a list that someone can read. */
function shorten(problems: readonly string[]): readonly string[] {
  const more = problems.length - mostProblems;
  return more <= 0 ? problems : [...problems.slice(0, mostProblems), `and ${more} more`];
}

/** `90s` and the like in microseconds; NaN where the text is no period. */
export function parsePeriod(text: string): Us {
  const found = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  if (found === null) return Number.NaN;
  return Number(found[1]) * periodUnits[found[2] as keyof typeof periodUnits];
}

const periodUnits = {
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
} as const;

/** Says what was expected and what was given. */
function expect(expected: string) {
  return {
    error: ({ input }: { readonly input?: unknown }) => `expected ${expected}${given(input)}`,
  };
}

function given(input: unknown): string {
  if (input === undefined || input === null) return ', given nothing';
  if (typeof input === 'number') return `, given the number ${input}`;
  return `, given ${showGiven(input)}`;
}

/** Not shown: it may be a secret in the wrong place. */
function expectHidden(expected: string) {
  return { error: () => `expected ${expected}` };
}

function text(pattern: RegExp, expected: string) {
  return z.string(expect(expected)).regex(pattern, expect(expected));
}

function hex(pattern: RegExp, expected: string) {
  const hidden = expectHidden(expected);
  return z
    .string(hidden)
    .regex(pattern, hidden)
    .transform((digits): Uint8Array => Buffer.from(digits, 'hex'));
}

export const tenantName: z.ZodType<string> = text(
  /^[a-z0-9][a-z0-9.-]{0,62}$/,
  'a name of 1 to 63 of a-z0-9.- that begins with a-z0-9',
);
export const keyIdName: z.ZodType<string> = text(/^[a-z0-9]{12}$/, '12 of a-z0-9');
const plainName = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  'a name of 1 to 63 of A-Za-z0-9._- that begins with a letter or digit',
);

const wholeNumber = expect('a whole number of at least 1');
const count = z.int(wholeNumber).min(1, wholeNumber);
const weightForm = expect('a whole number from 1 to 1000');
const weight = z.int(weightForm).min(1, weightForm).max(1_000, weightForm);
const periodForm = expect('a period such as 1s, 500ms, 10m, 1h or 1d');
const period = z
  .string(periodForm)
  .refine((written) => parsePeriod(written) > 0, periodForm)
  .transform(parsePeriod);
const sizeForm = expect('a size of at least 1, such as 65536 or 64 KiB');
const size = z
  .union([z.int(), z.string()], sizeForm)
  .refine((written) => Number(asBytes(written)) >= 1, sizeForm)
  .transform(asBytes);

function asBytes(written: number | string): number {
  return typeof written === 'number' ? written : parseBytes(written);
}

const quotaSchema = z.strictObject(
  {
    name: plainName,
    unit: z.enum(['requests', 'events', 'bytes'], expect('requests, events or bytes')),
    tokens: count,
    period,
    burst: count,
    scope: z.enum(['tenant', 'key'], expect('tenant or key')),
    shadow: z.boolean(expect('true or false')).optional(),
    onTrouble: z.enum(['local', 'open', 'closed'], expect('local, open or closed')).optional(),
  },
  expect('a quota'),
);
const scopeList = expect('a list of ingest and read');
const keySchema = z.strictObject(
  {
    id: keyIdName,
    salt: hex(/^(?:[0-9a-f]{2}){8,64}$/, 'hex digits of 8 to 64 bytes, in quotes'),
    hash: hex(/^[0-9a-f]{64}$/, 'hex digits of a SHA-256, in quotes'),
    scopes: z
      .array(z.enum(['ingest', 'read'], expect('ingest or read')), scopeList)
      .min(1, scopeList),
  },
  expect('a key'),
);
const limitsSchema = z.strictObject(
  {
    bodyBytes: size.optional(),
    decodedBytes: size.optional(),
    eventBytes: size.optional(),
    events: count.optional(),
  },
  expect('limits'),
);
const tenantSchema = z.strictObject(
  {
    plan: z.string(expect('the name of a plan')),
    keys: z.array(z.unknown(), expect('a list of keys')),
    limits: limitsSchema.optional(),
    weight: weight.optional(),
  },
  expect('a tenant'),
);
const part = z.unknown().optional();
const fileSchema = z.strictObject(
  { plans: part, tenants: part, lists: part },
  expect('a map with plans and tenants'),
);

type Path = readonly PropertyKey[];

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Checks piece by piece, so that one bad piece hides nothing that is wrong with the others. */
class Reader {
  readonly problems: string[] = [];
  readonly #keyIds = new Map<string, string>();

  file(value: unknown): TenantsFile {
    this.#check(fileSchema, value, []);
    if (!isMap(value)) return { plans: new Map(), tenants: new Map(), lists: noLists };
    const { plans: planMap, tenants: tenantMap } = value;
    const plans = this.#map(planMap, 'plans', plainName, (plan, path) => this.#plan(plan, path));
    const names = new Set(plans.keys());
    const tenants = this.#map(tenantMap, 'tenants', tenantName, (tenant, path) =>
      this.#tenant(tenant, path, names),
    );
    const report = (path: Path, problem: string) => this.#report(['lists', ...path], problem);
    const lists = readLists(value.lists, new Set(tenants.keys()), report);
    return { plans, tenants, lists };
  }

  #plan(value: unknown, path: Path): readonly PlanQuota[] {
    const form = expect('a list of at least one quota');
    const list = this.#check(z.array(z.unknown(), form).min(1, form), value, path) ?? [];
    const seen = new Set<string>();
    return list.flatMap((item, index) => this.#quota(item, [...path, index], seen) ?? []);
  }

  #quota(value: unknown, path: Path, seen: Set<string>): PlanQuota | undefined {
    const read = this.#check(quotaSchema, value, path);
    if (read === undefined) return undefined;
    const { name, unit, tokens, period: periodUs, burst, scope } = read;
    const { shadow = false, onTrouble = 'local' } = read;
    if (seen.has(name)) this.#report([...path, 'name'], `${name} is given twice in this plan`);
    seen.add(name);
    try {
      const quota = compileQuota({ tokens, periodUs, burst });
      return { name, unit, scope, quota, shadow, onTrouble };
    } catch (error) {
      this.#report(path, `quota ${name}: ${(error as RangeError).message}`);
      return undefined;
    }
  }

  #tenant(value: unknown, path: Path, plans: ReadonlySet<string>): Tenant | undefined {
    const read = this.#check(tenantSchema, value, path);
    const { plan, keys: list } = isMap(value) ? value : {};
    if (typeof plan === 'string' && !plans.has(plan)) {
      const known = plans.size === 0 ? 'there are none' : [...plans].slice(0, 10).join(', ');
      this.#report([...path, 'plan'], `expected one of the plans (${known})${given(plan)}`);
    }
    const items: unknown[] = Array.isArray(list) ? list : [];
    const keys = items.flatMap((item, index) => this.#key(item, [...path, 'keys', index]) ?? []);
    if (read === undefined) return undefined;
    return { plan: read.plan, keys, limits: read.limits ?? {}, weight: read.weight ?? 1 };
  }

  #key(value: unknown, path: Path): TenantKey | undefined {
    const read = this.#check(keySchema, value, path);
    if (read === undefined) return undefined;
    const other = this.#keyIds.get(read.id);
    const where = pathText(path);
    if (other !== undefined) this.#report([...path, 'id'], `${read.id} is also the id of ${other}`);
    this.#keyIds.set(read.id, where);
    return { ...read, scopes: new Set(read.scopes) };
  }

  #map<T>(
    value: unknown,
    name: string,
    names: z.ZodType<string>,
    read: (value: unknown, path: Path) => T | undefined,
  ): ReadonlyMap<string, T> {
    const map = new Map<string, T>();
    if (!isMap(value)) {
      this.#report([name], `expected a map by name${given(value)}`);
      return map;
    }
    for (const [key, item] of Object.entries(value)) {
      this.#check(names, key, [name, key]);
      const piece = read(item, [name, key]);
      if (piece !== undefined) map.set(key, piece);
    }
    return map;
  }

  #check<T>(schema: z.ZodType<T>, value: unknown, path: Path): T | undefined {
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    for (const issue of read.error.issues) {
      const at = [...path, ...issue.path];
      if (issue.code !== 'unrecognized_keys') this.#report(at, issue.message);
      else for (const key of issue.keys) this.#report([...at, key], 'unknown, and so not obeyed');
    }
    return undefined;
  }

  #report(path: Path, problem: string): void {
    this.problems.push(path.length === 0 ? problem : `${pathText(path)}: ${problem}`);
  }
}
