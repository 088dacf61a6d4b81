import { resolve } from 'node:path';
import { z } from 'zod';
import { type Problems, showGiven } from '../problems.ts';

interface Common {
  /** Its name in the environment and in a configuration file. */
  readonly env: string;
  /** One sentence for the person who sets it. */
  readonly about: string;
  /** Never printed, whatever it is. */
  readonly secret?: true;
}

interface Numeric extends Common {
  /** Written as a person would write it. */
  readonly default: number | string;
  /** Instead of `default` while there is no tenants file. */
  readonly defaultInDevelopment?: number;
  readonly min: number;
  readonly max: number;
}

interface Count extends Numeric {
  readonly kind: 'count';
}

interface Bytes extends Common {
  readonly kind: 'bytes';
  readonly default: string;
  readonly min: string;
  readonly max: string;
}

interface Milliseconds extends Numeric {
  readonly kind: 'ms';
}

interface Decimal extends Numeric {
  readonly kind: 'decimal';
}

interface Choice extends Common {
  readonly kind: 'choice';
  /** The choices, separated by `|`. */
  readonly of: string;
  readonly default: string;
}

interface Switch extends Common {
  readonly kind: 'switch';
  readonly default: 'on' | 'off';
}

interface Text extends Common {
  /** A path is relative to the folder the program was started in. */
  readonly kind: 'text' | 'path';
  /** Absent where it is off unless set. */
  readonly default?: string;
  /** What it must look like, in words. */
  readonly expected: string;
}

interface List extends Common {
  readonly kind: 'list';
  readonly default: '';
  readonly expected: string;
}

/** One setting: all that is known of it, for reading it and for documenting it. */
export type Setting = Count | Bytes | Milliseconds | Decimal | Choice | Switch | Text | List;

export type SettingTable = Readonly<Record<string, Setting>>;

type Split<T extends string> = T extends `${infer First}|${infer Rest}` ? First | Split<Rest> : T;

type ValueOf<S extends Setting> = S extends Count | Bytes | Milliseconds | Decimal
  ? number
  : S extends Choice
    ? Split<S['of']>
    : S extends Switch
      ? boolean
      : S extends List
        ? readonly string[]
        : S extends { readonly default: string }
          ? string
          : string | undefined;

export type ValuesOf<T extends SettingTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a table of settings: the environment first, then the file, then the default. An empty
 * variable counts as not set. Lists every bad setting, not only the first.
 */
export function readTable<T extends SettingTable>(
  table: T,
  env: Environment,
  file: Readonly<Record<string, unknown>>,
  inDevelopment: boolean,
): ValuesOf<T> | Problems {
  const problems = unknownNames(table, file);
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(table)) {
    const given = env[setting.env] || file[setting.env];
    const read = schemaOf(setting).safeParse(given ?? defaultOf(setting, inDevelopment));
    if (read.success) values[key] = read.data;
    else problems.push(problemWith(setting, given));
  }
  if (problems.length > 0) return { problems };
  return Object.freeze(values) as ValuesOf<T>;
}

/** The value a setting has unless someone sets it, as it is written. */
export function defaultOf(setting: Setting, inDevelopment: boolean): number | string | undefined {
  const other = 'defaultInDevelopment' in setting ? setting.defaultInDevelopment : undefined;
  return inDevelopment && other !== undefined ? other : setting.default;
}

/** What a setting may be, in words that follow "expected". */
export function expectedOf(setting: Setting): string {
  switch (setting.kind) {
    case 'count':
      return `a whole number from ${setting.min} to ${setting.max}`;
    case 'decimal':
      return `a number from ${setting.min} to ${setting.max}`;
    case 'ms':
      return `whole milliseconds from ${setting.min} to ${setting.max}`;
    case 'bytes':
      return `a size from ${setting.min} to ${setting.max} (bytes, or with KiB, MiB, GiB)`;
    case 'choice':
      return `one of ${setting.of.replaceAll('|', ', ')}`;
    case 'switch':
      return 'on or off';
    default:
      return setting.expected;
  }
}

/** `NAME: expected …, given …`: the one form in which a bad setting is reported. */
export function problemWith(setting: Setting, given: unknown, expected?: string): string {
  const shown = setting.secret ? '(hidden)' : showGiven(given);
  return `${setting.env}: expected ${expected ?? expectedOf(setting)}, given ${shown}`;
}

function unknownNames(table: SettingTable, file: Readonly<Record<string, unknown>>): string[] {
  const known = new Set(Object.values(table).map(({ env }) => env));
  return Object.keys(file)
    .filter((name) => !known.has(name))
    .map((name) => `${showGiven(name)}: no such setting`);
}

const wholeNumber = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);
const decimal = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d+(?:\.\d+)?$/)
    .transform(Number),
]);
const size = z.union([z.int(), z.string().transform(parseBytes)]);
const onOff = z.union([z.boolean(), z.enum(['on', 'off']).transform((value) => value === 'on')]);
const list = z.union([z.array(z.string()), z.string().transform((text) => text.split(','))]);

function text({ default: byDefault }: Text): z.ZodType<string | undefined> {
  const present = z.string().min(1);
  return byDefault === undefined ? present.optional() : present;
}

function schemaOf(setting: Setting): z.ZodType {
  switch (setting.kind) {
    case 'count':
    case 'ms':
      return wholeNumber.pipe(z.int().min(setting.min).max(setting.max));
    case 'decimal':
      return decimal.pipe(z.number().min(setting.min).max(setting.max));
    case 'bytes':
      return size.pipe(z.int().min(parseBytes(setting.min)).max(parseBytes(setting.max)));
    case 'choice':
      return z.enum(setting.of.split('|'));
    case 'switch':
      return onOff;
    case 'text':
      return text(setting);
    case 'path':
      return text(setting).transform((path) => (path === undefined ? path : resolve(path)));
    case 'list':
      return list.transform((parts) =>
        Object.freeze(parts.map((part) => part.trim()).filter((part) => part !== '')),
      );
  }
}

const factors = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** NaN where the text is no size. */
export function parseBytes(text: string): number {
  const found = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB)?$/.exec(text);
  if (found === null) return Number.NaN;
  return Number(found[1]) * factors[(found[2] ?? 'B') as keyof typeof factors];
}
