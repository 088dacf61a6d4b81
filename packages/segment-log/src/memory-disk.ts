/** What happens to a file between two syncs. */
export type FileChange =
  | {
      readonly kind: 'write';
      readonly at: number;
      readonly bytes: Buffer;
      /** An error was reported while it was not synced. */
      readonly poisoned: boolean;
    }
  | { readonly kind: 'truncate'; readonly length: number; readonly poisoned: false };

/** A change to the names: a file's or a directory's. */
export type NameChange =
  | { readonly kind: 'file'; readonly path: string; readonly node: MemoryNode }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string };

/** The content of a file: as a process sees it, and as the disk has it for certain. */
export class MemoryNode {
  content: Buffer = Buffer.alloc(0);
  #durable: Buffer = Buffer.alloc(0);
  #changes: FileChange[] = [];

  change(change: FileChange): void {
    this.content = applied(this.content, change);
    if (this.#isThere(change)) return;
    if (change.kind === 'truncate') this.#heal(change.length, Infinity);
    else this.#heal(change.at, change.at + change.bytes.length);
    this.#changes.push(change);
  }

  /**
   * Everything is on disk now, except what an error was reported for: as on Linux, its pages count
   * as clean although they never got there, until they are cut off.
   */
  sync(): void {
    this.#durable = this.content;
    this.#changes = this.#changes.filter(({ poisoned }) => poisoned);
  }

  /** An error was reported for what was not synced. */
  poison(): void {
    this.#changes = this.#changes.map((change) =>
      change.kind === 'write' ? { ...change, poisoned: true } : change,
    );
  }

  /** Writing what the disk has already changes nothing on it, even where it fails. */
  #isThere(change: FileChange): boolean {
    if (change.kind === 'truncate' || this.#changes.length > 0) return false;
    const there = this.#durable.subarray(change.at, change.at + change.bytes.length);
    return there.equals(change.bytes);
  }

  /** What is cut off, or written once more, is no concern any longer. */
  #heal(from: number, to: number): void {
    this.#changes = this.#changes.flatMap((change) => {
      if (!change.poisoned) return [change];
      const { at, bytes } = change;
      const before = bytes.subarray(0, Math.max(0, from - at));
      const behind = bytes.subarray(Math.min(bytes.length, Math.max(0, to - at)));
      return [
        { ...change, bytes: before },
        { ...change, at: at + bytes.length - behind.length, bytes: behind },
        { ...change, poisoned: false },
      ];
    });
  }

  /** The power fails: each change since the last sync arrived, or did not, or in part. */
  lose(random: () => number): void {
    let content = this.#durable;
    for (const change of this.#changes) {
      if (change.poisoned && change.kind === 'write') content = garbled(content, change, random);
      else if (random() < 0.5) content = applied(content, partly(change, content, random));
    }
    this.content = content;
    this.#durable = content;
    this.#changes = [];
  }
}

function applied(content: Buffer, change: FileChange): Buffer {
  if (change.kind === 'truncate') return resized(content, change.length);
  const grown = resized(content, Math.max(content.length, change.at + change.bytes.length));
  grown.set(change.bytes, change.at);
  return grown;
}

/** A copy; what is added is zero. */
function resized(content: Buffer, length: number): Buffer {
  const copy = Buffer.alloc(length);
  content.copy(copy, 0, 0, Math.min(length, content.length));
  return copy;
}

/** Whole, or cut anywhere, or with holes, or with some bytes changed. */
function partly(change: FileChange, before: Buffer, random: () => number): FileChange {
  if (change.kind === 'truncate' || random() < 0.3) return change;
  const upTo = random() < 0.7 ? Math.floor(random() * change.bytes.length) : change.bytes.length;
  const bytes = Buffer.from(change.bytes.subarray(0, upTo));
  if (random() < 0.3) {
    const from = Math.floor(random() * bytes.length);
    const most = random() < 0.5 ? 64 : bytes.length;
    const hole = bytes.subarray(from, from + Math.floor(random() * most));
    hole.fill(0);
    // Where it was to replace something, that may be there still.
    if (random() < 0.5) before.copy(hole, 0, Math.min(before.length, change.at + from));
  }
  if (random() < 0.3) flipSome(bytes, random);
  return { ...change, bytes };
}

/** What an error was reported for: some of it there, some of it not, whatever a sync said since. */
function garbled(content: Buffer, change: FileChange & { kind: 'write' }, random: () => number) {
  if (change.at >= content.length) return content;
  const copy = Buffer.from(content);
  if (random() < 0.5) flipSome(copy.subarray(change.at, change.at + change.bytes.length), random);
  return copy;
}

function flipSome(bytes: Buffer, random: () => number): void {
  for (let flips = 1 + Math.floor(random() * 4); flips > 0 && bytes.length > 0; flips -= 1) {
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 + Math.floor(random() * 255));
  }
}

type Names = Map<string, MemoryNode | 'directory'>;

/**
 * A disk for tests: it knows what of it would survive a loss of power. Names and contents become
 * durable by the syncs a real disk needs, and by nothing else.
 */
export class MemoryDisk {
  readonly names: Names = new Map([['/', 'directory']]);
  readonly locks: Set<string> = new Set();
  /** Bytes that fit on it. */
  capacityBytes: number = Infinity;
  #durable: Names = new Map(this.names);
  #changes: NameChange[] = [];

  change(change: NameChange): void {
    apply(this.names, change);
    this.#changes.push(change);
  }

  /** Names in this directory are durable now, with all that led to them, wherever that was. */
  syncDirectory(path: string): void {
    const origins = new Set<string>();
    const isDue = (change: NameChange) => {
      const due = touches(change, path) || origins.has('to' in change ? change.to : change.path);
      if (due) origins.add(change.path);
      return due;
    };
    const due = new Set(this.#changes.toReversed().filter(isDue));
    for (const change of this.#changes) if (due.has(change)) apply(this.#durable, change);
    this.#changes = this.#changes.filter((change) => !due.has(change));
  }

  /** What is written and not synced is lost, in whole or in part; so are names. */
  losePower(random: () => number): void {
    for (const change of this.#changes) if (random() < 0.5) apply(this.#durable, change);
    this.#changes = [];
    for (const path of this.#durable.keys()) {
      // What was in a directory that is gone had been removed before it.
      if (!isReachable(this.#durable, path)) this.#durable.delete(path);
    }
    this.names.clear();
    for (const [path, node] of this.#durable) this.names.set(path, node);
    for (const node of new Set(this.names.values())) if (node !== 'directory') node.lose(random);
  }

  usedBytes(): number {
    let bytes = 0;
    for (const node of this.names.values()) if (node !== 'directory') bytes += node.content.length;
    return bytes;
  }

  /** The bytes of a file, to look at or to damage. */
  content(path: string): Buffer {
    const node = this.names.get(path);
    if (node === undefined || node === 'directory') throw new Error(`no file ${path}`);
    return node.content;
  }

  /** A bit of a durable byte turns by itself. */
  flip(path: string, at: number): void {
    const content = this.content(path);
    content[at] = (content[at] as number) ^ 1;
  }
}

function apply(names: Names, change: NameChange): void {
  if (change.kind === 'file') names.set(change.path, change.node);
  else if (change.kind === 'directory') names.set(change.path, 'directory');
  else if (change.kind === 'remove') names.delete(change.path);
  else {
    const node = names.get(change.path);
    if (node === undefined) return; // it never got here
    names.delete(change.path);
    names.set(change.to, node);
  }
}

function touches(change: NameChange, directory: string): boolean {
  if (parentOf(change.path) === directory) return true;
  return change.kind === 'rename' && parentOf(change.to) === directory;
}

function isReachable(names: Names, path: string): boolean {
  if (path === '/') return true;
  const parent = parentOf(path);
  return names.get(parent) === 'directory' && isReachable(names, parent);
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
