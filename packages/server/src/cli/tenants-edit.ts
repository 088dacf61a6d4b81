import { Document, isMap, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { isJson } from '../parse-text.ts';
import { hasProblems, type Problems } from '../problems.ts';
import type { Scope } from '../tenants/caller.ts';
import type { KeptKey } from '../tenants/key.ts';
import { parseTenants, type TenantsFile } from '../tenants/tenants-file.ts';

export interface AddedKey {
  readonly key: KeptKey;
  readonly tenant: string;
  /** Of the tenant, where it is not in the file yet. */
  readonly plan: string | undefined;
  readonly scopes: readonly Scope[];
}

/** A file of tenants after a change. */
export interface Edited {
  readonly text: string;
  /** What was done besides, for the person who asked. */
  readonly notes: readonly string[];
}

const starterPlan = 'standard';

/** A file of tenants with a plan to begin with, and nobody in it. */
const starter = {
  plans: {
    [starterPlan]: [
      quota('requests', 'requests', 1_000),
      quota('events', 'events', 100_000),
      quota('bytes', 'bytes', 67_108_864),
    ],
  },
  tenants: {},
};

function quota(name: string, unit: string, perSecond: number) {
  return { name, unit, tokens: perSecond, period: '1s', burst: 2 * perSecond, scope: 'tenant' };
}

/**
 * Adds a key, and the tenant where it is new. Comments and order of a YAML file stay.
 *
 * @param text undefined where there is no file yet: then one is begun
 */
export function addKey(text: string | undefined, path: string, added: AddedKey): Edited | Problems {
  const begun = text === undefined ? [`began ${path} with the plan ${starterPlan}`] : [];
  const before = text ?? beginning(path);
  const file = parseTenants(before, path);
  if (hasProblems(file)) return file;
  const tree = treeOf(before, path);
  const { key, tenant, scopes } = added;
  const notes = [...begun];
  if (!file.tenants.has(tenant)) {
    const plan = planFor(added, file);
    if (hasProblems(plan)) return plan;
    tenantsOf(tree).add(tree.createPair(tenant, { plan: plan.name, keys: [] }));
    notes.push(`added the tenant ${tenant} with the plan ${plan.name}`);
  }
  const entry = { id: key.id, salt: hex(key.salt), hash: hex(key.hash), scopes: [...scopes] };
  const keys = keysOf(tree, tenant);
  if (keys.items.length === 0) keys.flow = false; // `[]` is no wish for long lines
  keys.add(tree.createNode(entry));
  return finish(tree, { before, path, notes });
}

/** Removes a key; undefined where the file has none of this id. */
export function removeKey(text: string, path: string, id: string): Edited | Problems | undefined {
  const file = parseTenants(text, path);
  if (hasProblems(file)) return file;
  for (const [tenant, { keys }] of file.tenants) {
    const place = keys.findIndex((key) => key.id === id);
    if (place < 0) continue;
    const tree = treeOf(text, path);
    keysOf(tree, tenant).delete(place);
    const notes = [`revoked ${id} of ${tenant}; servers refuse it within a second`];
    return finish(tree, { before: text, path, notes });
  }
  return undefined;
}

function beginning(path: string): string {
  const isYaml = /\.ya?ml$/i.test(path);
  return isYaml ? new Document(starter).toString() : `${JSON.stringify(starter, null, 2)}\n`;
}

function planFor({ plan, tenant }: AddedKey, { plans }: TenantsFile): { name: string } | Problems {
  const [only] = plans.keys();
  const name = plan ?? (plans.has(starterPlan) || plans.size !== 1 ? starterPlan : only);
  if (name !== undefined && plans.has(name)) return { name };
  const known = plans.size === 0 ? 'there are none' : `there are ${[...plans.keys()].join(', ')}`;
  const missing = plan === undefined ? 'it needs a --plan' : `there is no plan ${plan}`;
  return { problems: [`the tenant ${tenant} is new, and ${missing}: ${known}`] };
}

type Tree = Document;

function treeOf(text: string, path: string): Tree {
  return isJson(text, path) ? new Document(JSON.parse(text)) : parseDocument(text);
}

function tenantsOf(tree: Tree): YAMLMap {
  const tenants = tree.get('tenants');
  if (isMap(tenants)) return tenants;
  throw new Error('tenants: cannot be changed, since it is an alias of another part of the file');
}

function keysOf(tree: Tree, tenant: string) {
  const pair = tenantsOf(tree).items.find(({ key }) => nameOf(key) === tenant);
  const keys = isMap(pair?.value) ? pair.value.get('keys') : undefined;
  if (isSeq(keys)) return keys;
  throw new Error(`tenants.${tenant}: cannot be changed, since it is an alias of another part`);
}

/** A name of digits alone is a number to YAML; the file as read calls it by that number. */
function nameOf(key: Pair['key']): string {
  return String(isScalar(key) ? key.value : key);
}

interface Finish {
  readonly before: string;
  readonly path: string;
  readonly notes: readonly string[];
}

function finish(tree: Tree, { before, path, notes }: Finish): Edited {
  const text = isJson(before, path) ? asJson(tree, before) : tree.toString({ lineWidth: 0 });
  const read = parseTenants(text, path);
  if (hasProblems(read)) throw new Error(`the change would break the file: ${read.problems[0]}`);
  return { text, notes };
}

/** Indented as the file is. */
function asJson(tree: Tree, before: string): string {
  const indent = /\n([ \t]+)"/.exec(before)?.[1];
  const end = before.endsWith('\n') ? '\n' : '';
  return `${JSON.stringify(tree.toJS(), null, indent)}${end}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
