import { systemWorld } from '@weir/core/world/system';
import { environment, settingTable } from '../config.ts';
import { hasProblems, type Problems } from '../problems.ts';
import type { Scope } from '../tenants/caller.ts';
import { formatKey, keepKey, newKey } from '../tenants/key.ts';
import { keyIdName, tenantName } from '../tenants/tenants-file.ts';
import { parseSnapshot, takeSnapshot } from '../tenants/watch-tenants.ts';
import { columns, exits, found, misused, type Outcome } from './outcome.ts';
import { changeFile } from './replace-file.ts';
import { addKey, type Edited, removeKey } from './tenants-edit.ts';

interface WithFile {
  readonly tenants?: string | undefined;
}

export interface CreateOptions extends WithFile {
  readonly scope: readonly Scope[];
  readonly plan?: string | undefined;
}

/** `weir keys create TENANT`: the key is shown here and never again. */
export async function createKey(tenant: string, options: CreateOptions): Promise<Outcome> {
  const path = pathOf(options);
  if (path === undefined) return noFile;
  const name = tenantName.safeParse(tenant);
  if (!name.success) return misused(`TENANT: ${name.error.issues[0]?.message}`);
  const key = newKey(systemWorld);
  const { plan, scope: scopes } = options;
  const added = { key: keepKey(key, systemWorld), tenant, plan, scopes };
  const edited = await edit(path, (text) => addKey(text, path, added));
  if (edited === undefined || hasProblems(edited)) return foundIn(path, edited);
  const text = formatKey(key);
  return {
    exit: exits.ok,
    lines: [text],
    notes: [...edited.notes, `this key of ${tenant} is shown only now: keep it well`],
    json: { key: text, id: key.id, tenant, scopes, file: path },
  };
}

/** `weir keys list`: who has which key; of a key itself nothing is known. */
export async function listKeys(options: WithFile): Promise<Outcome> {
  const path = pathOf(options);
  if (path === undefined) return noFile;
  const file = parseSnapshot(await takeSnapshot(path), path);
  if (hasProblems(file)) return foundIn(path, file);
  const keys = [...file.tenants].flatMap(([tenant, { plan, keys: own }]) =>
    own.map(({ id, scopes }) => ({ id, tenant, plan, scopes: [...scopes] })),
  );
  const rows = keys.map(({ id, tenant, plan, scopes }) => [id, tenant, plan, scopes.join(',')]);
  const lines = columns([['KEYID', 'TENANT', 'PLAN', 'SCOPES'], ...rows]);
  return { exit: exits.ok, lines, json: { keys } };
}

/** `weir keys revoke KEYID`. */
export async function revokeKey(id: string, options: WithFile): Promise<Outcome> {
  const path = pathOf(options);
  if (path === undefined) return noFile;
  if (!keyIdName.safeParse(id).success) {
    return misused('KEYID: expected the 12 of a-z0-9 that follow weir_ in the key');
  }
  const edited = await edit(path, (text) =>
    text === undefined ? { problems: ['there is no such file'] } : removeKey(text, path, id),
  );
  if (edited === undefined) return found([`${path}: no key has the id ${id}`]);
  if (hasProblems(edited)) return foundIn(path, edited);
  return { exit: exits.ok, lines: edited.notes, json: { revoked: id, file: path } };
}

type Change = Edited | Problems | undefined;

async function edit(path: string, change: (text: string | undefined) => Change): Promise<Change> {
  let result: Change;
  await changeFile(path, (text) => {
    result = change(text);
    return result === undefined || hasProblems(result) ? undefined : result.text;
  });
  return result;
}

function pathOf({ tenants }: WithFile): string | undefined {
  return tenants ?? (environment[settingTable.tenantsFile.env] || undefined);
}

const noFile = misused('name the file of tenants with --tenants FILE or in WEIR_TENANTS');

function foundIn(path: string, result: Problems | undefined): Outcome {
  return found((result?.problems ?? []).map((problem) => `${path}: ${problem}`));
}
