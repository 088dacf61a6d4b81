import { readFile, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { World } from '@weir/core/world/world';
import type { ReadyReason } from '../admin.ts';
import type { Log } from '../log.ts';
import { hasProblems, type Problems } from '../problems.ts';
import { parseTenants, type TenantsFile } from './tenants-file.ts';

/** Twice in the second within which a change must count. */
const pollMs = 500;

/** A file as it was at one moment. */
export interface Snapshot {
  /** Another one for every change; but two within a few milliseconds may share theirs. */
  readonly version: string;
  /** Its text, or why it could not be read. */
  readonly content: string | Problems;
}

export interface WatchDeps {
  readonly world: World;
  readonly log: Pick<Log, 'info' | 'error'>;
  /** Reads a version of the file; what is wrong with it is told, and the old one kept. */
  readonly parse: (snapshot: Snapshot) => TenantsFile | Problems;
  /** Called with each good version of the file, whole. */
  readonly swap: (file: TenantsFile) => void;
}

/**
 * Looks at the file of tenants twice a second. A good change is swapped in whole; of a bad one the
 * log and `reasons` tell, and what was good before stays in force.
 */
export class TenantsWatch {
  readonly #path: string;
  readonly #deps: WatchDeps;
  #seen: Snapshot;
  #mayHaveChanged = true;
  #reasons: readonly ReadyReason[] = [];
  #cancel: () => void = () => {};
  #stopped = false;

  /** @param seen what is in force when it begins */
  constructor(path: string, seen: Snapshot, deps: WatchDeps) {
    this.#path = path;
    this.#seen = seen;
    this.#deps = deps;
    this.#next();
  }

  /** What is wrong with the file now; it blocks nothing, since the old one is in force. */
  reasons(): readonly ReadyReason[] {
    return this.#reasons;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #next(): void {
    if (this.#stopped) return;
    this.#cancel = this.#deps.world.after(pollMs, () => {
      this.#look().then(
        () => this.#next(),
        (error: unknown) => {
          this.#deps.log.error({ err: error }, 'could not look at the tenants file');
          this.#next();
        },
      );
    });
  }

  async #look(): Promise<void> {
    const changed = this.#seen.version !== (await versionOf(this.#path));
    // After a change it is read once more: a second one at once may not have shown.
    if (!changed && !this.#mayHaveChanged) return;
    const snapshot = await takeSnapshot(this.#path);
    const isBeingWritten = snapshot.version !== (await versionOf(this.#path));
    if (isBeingWritten || this.#stopped) return; // the next look sees it whole
    const isOther = !isDeepStrictEqual(snapshot.content, this.#seen.content);
    this.#mayHaveChanged = changed;
    this.#seen = snapshot;
    if (isOther) this.#judge(snapshot);
  }

  #judge(snapshot: Snapshot): void {
    const file = this.#deps.parse(snapshot);
    if (hasProblems(file)) this.#keepOld(file.problems);
    else this.#take(file);
  }

  #take(file: TenantsFile): void {
    this.#deps.swap(file);
    this.#reasons = [];
    const counts = { plans: file.plans.size, tenants: file.tenants.size };
    this.#deps.log.info(
      { file: this.#path, ...counts },
      'the tenants file changed and is in force',
    );
  }

  #keepOld(problems: readonly string[]): void {
    const reason = `${this.#path}: ${problems[0]}${problems.length > 1 ? ' (and more)' : ''}`;
    const kept = 'the version before it stays in force';
    this.#reasons = [{ reason: `${reason}; ${kept}`, blocks: false }];
    this.#deps.log.error({ file: this.#path, problems }, `the tenants file is bad: ${kept}`);
  }
}

/** The file as it is now. A change while it is read shows at the next look. */
export async function takeSnapshot(path: string): Promise<Snapshot> {
  const version = await versionOf(path);
  try {
    return { version, content: await readFile(path, 'utf8') };
  } catch (error) {
    return { version, content: { problems: [`cannot be read: ${(error as Error).message}`] } };
  }
}

export function parseSnapshot({ content }: Snapshot, path: string): TenantsFile | Problems {
  return typeof content === 'string' ? parseTenants(content, path) : content;
}

async function versionOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return `no file: ${(error as NodeJS.ErrnoException).code}`;
  }
}
