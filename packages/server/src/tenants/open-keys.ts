import type { World } from '@weir/core/world/world';
import type { ReadyReason } from '../admin.ts';
import type { Settings } from '../config.ts';
import type { Log } from '../log.ts';
import { hasProblems, type Problems } from '../problems.ts';
import { placesIn } from '../settings/read-settings.ts';
import type { RequestLimits } from './caller.ts';
import { openDevelopment } from './dev-key.ts';
import { Keys } from './keys.ts';
import { withBursts } from './plan-bursts.ts';
import { makeTenants } from './tenants.ts';
import type { TenantsFile } from './tenants-file.ts';
import { parseSnapshot, type Snapshot, TenantsWatch, takeSnapshot } from './watch-tenants.ts';

/** The keys of a server, kept as the file of tenants has them. */
export interface OpenKeys {
  readonly keys: Keys;
  /** Only where there is no file of tenants: to be shown to whoever started the server. */
  readonly devKey: string | undefined;
  /** What is wrong with the file now. */
  reasons(): readonly ReadyReason[];
  /** Looks at the file no more. */
  stop(): void;
}

/** Opens the file of tenants and watches it, or without one makes the development tenant. */
export function openKeys(settings: Settings, world: World, log: Log): Promise<OpenKeys | Problems> {
  const { tenantsFile } = settings;
  return tenantsFile === undefined
    ? openDevKeys(settings, world)
    : openFile(tenantsFile, settings, { world, log });
}

async function openDevKeys(settings: Settings, world: World): Promise<OpenKeys | Problems> {
  const development = await openDevelopment(placesIn(settings).devKey, world);
  if (hasProblems(development)) return development;
  const { key } = development;
  const file = withBursts(development.file, settings.planBursts);
  if (hasProblems(file)) return file;
  const keys = new Keys(makeTenants(file, ceilingOf(settings)));
  return { keys, devKey: key, reasons: () => [], stop: () => {} };
}

async function openFile(
  path: string,
  settings: Settings,
  deps: { readonly world: World; readonly log: Log },
): Promise<OpenKeys | Problems> {
  const snapshot = await takeSnapshot(path);
  const parse = (of: Snapshot): TenantsFile | Problems => {
    const parsed = parseSnapshot(of, path);
    return hasProblems(parsed) ? parsed : withBursts(parsed, settings.planBursts);
  };
  const file = parse(snapshot);
  if (hasProblems(file)) return { problems: file.problems.map((line) => `${path}: ${line}`) };
  const ceiling = ceilingOf(settings);
  const keys = new Keys(makeTenants(file, ceiling));
  const watch = new TenantsWatch(path, snapshot, {
    ...deps,
    parse,
    swap: (changed) => keys.swap(makeTenants(changed, ceiling)),
  });
  return { keys, devKey: undefined, reasons: () => watch.reasons(), stop: () => watch.stop() };
}

function ceilingOf(settings: Settings): RequestLimits {
  return {
    bodyBytes: settings.maxBodyBytes,
    decodedBytes: settings.maxDecodedBytes,
    eventBytes: settings.maxEventBytes,
    events: settings.maxEvents,
  };
}
