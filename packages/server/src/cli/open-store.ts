import { stat } from 'node:fs/promises';
import { systemWorld } from '@weir/core/world/system';
import type { Settings } from '../config.ts';
import { hasProblems, type Problems } from '../problems.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { placesIn } from '../settings/read-settings.ts';
// biome-ignore lint/style/noRestrictedImports: tools have no main.ts, so they choose the store here
import { DirectoryStore } from '../store/directory.ts';
import { openS3 } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';

/** What a server with these settings has stored. */
export interface Opened {
  readonly settings: Settings;
  readonly store: Store;
}

/** Opens a store that is there; a folder is never made, since then every mistyped one would be fine. */
export async function openStore(config: string | undefined): Promise<Opened | Problems> {
  const settings = await loadSettings(config);
  if (hasProblems(settings)) return settings;
  const bucket = await openS3(settings, systemWorld);
  if (bucket !== undefined) return { settings, store: bucket };
  const path = placesIn(settings).store;
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    return { problems: [`there is no store at ${path}; WEIR_DATA_DIR names the folder above it`] };
  }
  return { settings, store: DirectoryStore.existing({ path, world: systemWorld }) };
}
