import { isNetwork, type ListedNames, type ListsFile, noNames } from '../guards/access-lists.ts';
import { showGiven } from '../problems.ts';

/** Reports a problem at a place within the lists. */
export type Report = (path: readonly PropertyKey[], problem: string) => void;

const kinds = {
  addresses: {
    form: 'addresses such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
    fits: isNetwork,
  },
  tenants: { form: 'names of tenants of this file', fits: () => true },
  keys: { form: 'ids of keys, 12 of a-z0-9', fits: (id: string) => /^[a-z0-9]{12}$/.test(id) },
} as const;

type Kind = keyof typeof kinds;

/**
 * Checks the operator's lists. A tenant must be one of the file's, since a misspelt name would
 * silently deny nobody; of keys only the form is checked, as a key may be deleted before its entry is.
 */
export function readLists(value: unknown, tenants: ReadonlySet<string>, report: Report): ListsFile {
  if (value === undefined) return { allow: noNames, deny: noNames };
  const lists = mapOf(value, [], ['allow', 'deny'], report);
  const read = (name: 'allow' | 'deny'): ListedNames =>
    lists[name] === undefined ? noNames : readNames(lists[name], [name], tenants, report);
  return { allow: read('allow'), deny: read('deny') };
}

function readNames(
  value: unknown,
  path: readonly PropertyKey[],
  tenants: ReadonlySet<string>,
  report: Report,
): ListedNames {
  const found = mapOf(value, path, Object.keys(kinds), report);
  const read = (kind: Kind): readonly string[] => {
    const list = found[kind] ?? [];
    const { form, fits } = kinds[kind];
    if (!Array.isArray(list)) {
      report([...path, kind], `expected a list of ${form}, given ${showGiven(list)}`);
      return [];
    }
    const knows = (name: string) => kind !== 'tenants' || tenants.has(name);
    return list.filter((item: unknown, place): item is string => {
      const isGood = typeof item === 'string' && fits(item) && knows(item);
      if (!isGood) report([...path, kind, place], `expected ${form}, given ${showGiven(item)}`);
      return isGood;
    });
  };
  return { addresses: read('addresses'), tenants: read('tenants'), keys: read('keys') };
}

function mapOf(
  value: unknown,
  path: readonly PropertyKey[],
  known: readonly string[],
  report: Report,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(path, `expected a map of ${known.join(', ')}, given ${showGiven(value)}`);
    return {};
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) report([...path, name], 'unknown, and so not obeyed');
  }
  return value as Readonly<Record<string, unknown>>;
}
