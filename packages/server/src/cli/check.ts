import { environment, type Settings, settingTable } from '../config.ts';
import { hasProblems, type Problems } from '../problems.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { misspelt } from '../settings/misspelt.ts';
import type { TenantsFile } from '../tenants/tenants-file.ts';
import { parseSnapshot, takeSnapshot } from '../tenants/watch-tenants.ts';
import { counted, exits, found, type Outcome } from './outcome.ts';

export interface CheckOptions {
  readonly config?: string | undefined;
  readonly tenants?: string | undefined;
}

/** `weir check`: would a server start with these settings and this file of tenants? */
export async function check({ config, tenants }: CheckOptions): Promise<Outcome> {
  const given = tenants === undefined ? {} : { [settingTable.tenantsFile.env]: tenants };
  const settings = await loadSettings(config, given);
  const path = hasProblems(settings) ? tenants : settings.tenantsFile;
  const file = path === undefined ? undefined : parseSnapshot(await takeSnapshot(path), path);
  const problems = [...problemsIn(settings), ...problemsIn(file, `${path}: `)];
  if (problems.length > 0 || hasProblems(settings)) return found(problems);

  const warnings = [...misspelt(environment), ...limitsInVain(settings, file)];
  const lines = ['settings: fine', ...(file === undefined ? [development] : [summary(file, path)])];
  return { exit: exits.ok, lines, notes: warnings, json: { problems: [], warnings } };
}

const development = 'tenants: no file, so the one tenant dev, on this machine only';

function problemsIn(value: object | undefined, prefix = ''): string[] {
  if (value === undefined || !hasProblems(value)) return [];
  return value.problems.map((problem) => `${prefix}${problem}`);
}

function summary(file: TenantsFile | Problems, path: string | undefined): string {
  if (hasProblems(file)) return '';
  const keys = [...file.tenants.values()].reduce((sum, tenant) => sum + tenant.keys.length, 0);
  const parts = [
    counted(file.plans.size, 'plan'),
    counted(file.tenants.size, 'tenant'),
    counted(keys, 'key'),
  ];
  return `tenants: fine, ${parts.join(', ')} in ${path}`;
}

/** The server's own caps are the ceiling of a tenant's. */
function limitsInVain(settings: Settings, file: TenantsFile | Problems | undefined): string[] {
  if (file === undefined || hasProblems(file)) return [];
  const ceilings = [
    ['bodyBytes', settingTable.maxBodyBytes.env, settings.maxBodyBytes],
    ['decodedBytes', settingTable.maxDecodedBytes.env, settings.maxDecodedBytes],
    ['eventBytes', settingTable.maxEventBytes.env, settings.maxEventBytes],
    ['events', settingTable.maxEvents.env, settings.maxEvents],
  ] as const;
  return [...file.tenants].flatMap(([tenant, { limits }]) =>
    ceilings
      .filter(([name, , ceiling]) => (limits[name] ?? 0) > ceiling)
      .map(([name, env, ceiling]) => {
        const limit = `tenants.${tenant}.limits.${name} is ${limits[name]}`;
        return `${limit}, but ${env} allows no more than ${ceiling}`;
      }),
  );
}
