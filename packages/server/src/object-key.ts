import { isoTime } from './delivery/iso-time.ts';
import type { Codec } from './store/store.ts';

/** Hive style, so that query engines find a tenant's hours by name alone. */
export const defaultTemplate = 'tenant={tenant}/dt={dt}/hour={hour}/{writer}-{segment}';

/** Stands for the tenant in the name of an object that several tenants share. */
export const mixedTenant = '_mixed';

export const manifestPrefix = '_manifests/';
export const deadPrefix = '_dead/';
/** Objects that a server makes to see what the store can do, and removes again. */
export const probePrefix = '_probe/';

const extensions: Readonly<Record<Codec, string>> = {
  zstd: '.ndjson.zst',
  gzip: '.ndjson.gz',
  none: '.ndjson',
  parquet: '.parquet',
};
const codecs = Object.keys(extensions) as Codec[];

const placeholders = ['tenant', 'dt', 'hour', 'writer', 'segment'] as const;
type Placeholder = (typeof placeholders)[number];

/** What an object's name is made of. */
export interface ObjectName {
  readonly template: string;
  readonly codec: Codec;
  /** A tenant, or `_mixed`. */
  readonly tenant: string;
  /** Start of the wall hour its events arrived in. */
  readonly hourMs: number;
  readonly writer: string;
  readonly segment: number;
}

/** The key of an object. The template has passed `templateProblem`. */
export function objectKey({ template, codec, writer, segment, ...rest }: ObjectName): string {
  const values = { ...partsOf(rest), writer, segment: String(segment) };
  return fill(template, values) + extensions[codec];
}

function partsOf({ tenant, hourMs }: Pick<ObjectName, 'tenant' | 'hourMs'>) {
  const time = isoTime(hourMs);
  return { tenant, dt: time.slice(0, 10), hour: time.slice(11, 13) };
}

function fill(template: string, values: Readonly<Record<Placeholder, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name as Placeholder]);
}

/** The form of the object of this name; undefined where it is none of ours. */
export function codecOf(key: string): Codec | undefined {
  return codecs.find((codec) => key.endsWith(extensions[codec]));
}

/** Written last, it makes a segment's objects count. */
export function manifestKey(writer: string, segment: number): string {
  return `${manifestPrefix}${writer}/${segment}.json`;
}

/** Where the bytes of a segment's object number `index`, from 0, go when its key refuses them. */
export function deadKey(writer: string, segment: number, index: number): string {
  return `${deadPrefix}${writer}/${segment}-${index}`;
}

/** Most bytes of a whole key, as in S3. */
export const maxKeyBytes = 1_024;
/** Most bytes between two slashes, as on every common file system. */
const maxPartBytes = 255;

const longest: Readonly<Record<Placeholder, string>> = {
  tenant: 't'.repeat(63),
  dt: '2026-01-31',
  hour: '23',
  writer: 'w'.repeat(16),
  segment: '9'.repeat(15),
};

/**
 * What is wrong with a template, in one sentence; undefined where it is fine.
 *
 * @param prefix what stands before every key in the store
 */
export function templateProblem(template: string, prefix = ''): string | undefined {
  return (
    placeholderProblem(template) ??
    keyProblem(prefix + fill(template, longest) + extensions.zstd) ??
    reservedProblem(template)
  );
}

function placeholderProblem(template: string): string | undefined {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((found) => found[1] as string);
  const known: readonly string[] = placeholders;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    return `knows no {${unknown}}, only ${placeholders.map((name) => `{${name}}`).join(' ')}`;
  }
  for (const needed of ['writer', 'segment']) {
    if (!names.includes(needed)) return `needs {${needed}}, or names would repeat`;
  }
  if (/[{}]/.test(template.replace(/\{\w+\}/g, ''))) return 'has a brace that belongs to no name';
  if (/[\w}]\{segment\}|\{segment\}[\w{]/.test(template)) {
    return 'needs a sign such as - or / between {segment} and its neighbours, or names could repeat';
  }
  return undefined;
}

/** Where weir keeps things of its own; the last one holds half-written files of a folder store. */
const reserved = [manifestPrefix, deadPrefix, probePrefix, '.tmp'] as const;

/** A tenant's name may be any word, so it must not complete what begins like one of weir's own. */
function reservedProblem(template: string): string | undefined {
  const [, head = '', next] = /^([^{]*)(?:\{(\w+)\})?/.exec(template) ?? [];
  const taken = reserved.find((prefix) => head.startsWith(prefix));
  if (taken !== undefined) return `must not lie under ${taken}`;
  if (head === '' || next !== 'tenant') return undefined;
  const near = reserved.find((prefix) => prefix.startsWith(head));
  return near && `must not have {tenant} right behind ${head}, or objects could lie under ${near}`;
}

/** What keeps `key` from naming an object, in one sentence; undefined where it is fine. */
export function keyProblem(key: string): string | undefined {
  const bytes = Buffer.byteLength(key);
  if (bytes > maxKeyBytes)
    return `makes keys of ${bytes} bytes, at most ${maxKeyBytes} are allowed`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(key)) return 'must hold no control character or backslash';
  for (const part of key.split('/')) {
    if (part === '') return 'must not begin or end with a slash, or have two in a row';
    if (part === '.' || part === '..') return `must not have a part "${part}"`;
    if (Buffer.byteLength(part) > maxPartBytes) {
      return `has a part of more than ${maxPartBytes} bytes`;
    }
  }
  return undefined;
}

/** Where to look for the events of a tenant and an hour. */
export interface HourSearch {
  /** All objects in question begin so. */
  readonly prefix: string;
  /** Which of those that begin so they are. */
  readonly pattern: RegExp;
}

/**
 * A tenant's events of an hour lie in objects of its own and in those that tenants share. A template
 * without hour or date does not tell them apart: then those of other hours are found as well.
 */
export function searchesOf(
  template: string,
  tenant: string,
  hourMs: number,
): readonly HourSearch[] {
  const tenants = template.includes('{tenant}') ? [tenant, mixedTenant] : [mixedTenant];
  return tenants.map((name) => {
    const open = { writer: '{writer}', segment: '{segment}' };
    const known = fill(template, { ...partsOf({ tenant: name, hourMs }), ...open });
    const pattern = known
      .replaceAll(/[\\^$.*+?()[\]|]/g, '\\$&')
      .replaceAll(open.writer, '[0-9a-z]+')
      .replaceAll(open.segment, '[0-9]+');
    const prefix = known.slice(0, known.search(/\{(?:writer|segment)\}/));
    const endings = codecs.map((codec) => extensions[codec].replaceAll('.', '\\.')).join('|');
    return { prefix, pattern: new RegExp(`^${pattern}(?:${endings})$`) };
  });
}
