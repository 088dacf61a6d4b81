import { parseReceipt } from '@weir/core/wire/receipt';
import { readTail } from '../delivery/line-tail.ts';
import { decodeManifest, type Manifest, type ManifestObject } from '../delivery/manifest.ts';
import { gapsIn } from '../delivery/segment-gaps.ts';
import { verifyObject } from '../delivery/verify-object.ts';
import {
  codecOf,
  deadKey,
  deadPrefix,
  manifestKey,
  manifestPrefix,
  probePrefix,
} from '../object-key.ts';
import type { TenantCounts } from '../spool/spool.ts';
import { contentOf, splitLines } from '../store/content.ts';
import type { Store } from '../store/store.ts';

/**
 * `gap`: segments of a writer are missing. `missing`: an object is not there. `unnamed`: no manifest
 * names this object. `damage`: an object or a manifest is not what was put. `duplicate`: events are
 * stored twice. `letter`: an object lies in `_dead`; `weir replay` sends it on. `quarantine`: a
 * damaged segment was set aside in the spool.
 */
export type FindingKind =
  | 'gap'
  | 'missing'
  | 'unnamed'
  | 'damage'
  | 'duplicate'
  | 'letter'
  | 'quarantine';

export interface Finding {
  readonly kind: FindingKind;
  /** A key, a writer, or a segment as WRITER-SEGMENT. */
  readonly where: string;
  readonly detail: string;
}

/** A segment that lies in a spool. */
export interface SpoolSegment {
  readonly writer: string;
  readonly segment: number;
  readonly events: TenantCounts;
  readonly quarantined: boolean;
}

export interface Verifying {
  readonly store: Store;
  /** What the spools hold, where they can be seen: without them a segment on its way is a gap. */
  readonly spool: readonly SpoolSegment[];
}

/** A tenant's events, by where they are. */
export interface LedgerRow {
  stored: number;
  dead: number;
  queued: number;
  quarantined: number;
}

export interface VerifyTotals {
  readonly manifests: number;
  readonly objects: number;
  readonly ledger: ReadonlyMap<string, LedgerRow>;
}

/**
 * Reads every manifest and every object and tells what is wrong, as it is found. Holds one object
 * at a time, and about 150 bytes for each key that a manifest names.
 */
export async function* verify(
  { store, spool }: Verifying,
  signal: AbortSignal,
): AsyncGenerator<Finding, VerifyTotals, void> {
  const run = new Run(store, signal);
  yield* run.manifests();
  yield* run.spool(spool);
  yield* run.gaps();
  yield* run.otherObjects();
  yield* run.otherLetters();
  return run.totals();
}

class Run {
  readonly #store: Store;
  readonly #signal: AbortSignal;
  readonly #named = new Set<string>();
  readonly #letters = new Set<string>();
  readonly #segments = new Map<string, Set<number>>();
  /** Segments that a spool holds: their objects may be there before their manifest is. */
  readonly #queued = new Set<string>();
  readonly #ledger = new Map<string, LedgerRow>();
  #manifests = 0;
  #objects = 0;

  constructor(store: Store, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  totals(): VerifyTotals {
    return { manifests: this.#manifests, objects: this.#objects, ledger: this.#ledger };
  }

  async *manifests(): AsyncGenerator<Finding, void, void> {
    for await (const { key } of this.#store.list(manifestPrefix, this.#signal)) {
      const manifest = await this.#manifest(key);
      const name = nameIn(key);
      if (name !== undefined) this.#segmentsOf(name.writer).add(name.segment);
      this.#manifests += 1;
      if (typeof manifest === 'string') yield { kind: 'damage', where: key, detail: manifest };
      else if (manifest !== undefined) yield* this.#objectsOf(manifest);
    }
  }

  /** A segment whose manifest is written was delivered, even if its spool still holds it. */
  *spool(segments: readonly SpoolSegment[]): Generator<Finding, void, void> {
    for (const { writer, segment, events, quarantined } of segments) {
      if (this.#segmentsOf(writer).has(segment)) continue;
      this.#segmentsOf(writer).add(segment);
      if (!quarantined) this.#queued.add(`${writer}-${segment}`);
      this.#add(events, quarantined ? 'quarantined' : 'queued');
      if (!quarantined) continue;
      const detail = 'is damaged and was set aside in the spool';
      yield { kind: 'quarantine', where: `${writer}-${segment}`, detail };
    }
  }

  *gaps(): Generator<Finding, void, void> {
    for (const [writer, numbers] of this.#segments) {
      for (const { first, last } of gapsIn([...numbers])) {
        const which = first === last ? `segment ${first} has` : `segments ${first} to ${last} have`;
        yield { kind: 'gap', where: writer, detail: `${which} no manifest` };
      }
    }
  }

  async *otherObjects(): AsyncGenerator<Finding, void, void> {
    for await (const { key } of this.#store.list('', this.#signal)) {
      const isOurs = [manifestPrefix, deadPrefix, probePrefix].some((own) => key.startsWith(own));
      if (isOurs || this.#named.has(key) || (await this.#isUnderWay(key))) continue;
      yield { kind: 'unnamed', where: key, detail: 'no manifest names it: its lines do not count' };
    }
  }

  async *otherLetters(): AsyncGenerator<Finding, void, void> {
    for await (const { key } of this.#store.list(deadPrefix, this.#signal)) {
      if (key.endsWith('.json') || this.#letters.has(key)) continue;
      yield { kind: 'letter', where: key, detail: 'left over: no manifest says that it is dead' };
    }
  }

  async *#objectsOf(manifest: Manifest): AsyncGenerator<Finding, void, void> {
    const seen = new Set<number>();
    for (const [index, object] of manifest.objects.entries()) {
      const { key, state, tenants } = object;
      this.#objects += 1;
      if (this.#named.has(key)) {
        yield { kind: 'duplicate', where: key, detail: 'two manifests name it' };
      }
      this.#named.add(key);
      const found = await this.#find(manifest, index, object);
      // What was replayed is no longer dead, whatever the manifest says for ever.
      this.#add(new Map(Object.entries(tenants)), found?.where === key ? 'stored' : state);
      if (found === undefined) {
        yield { kind: 'missing', where: key, detail: `${object.events} events are not there` };
        continue;
      }
      const { where, bytes } = found;
      if (where !== key) yield { kind: 'letter', where, detail: `belongs to ${key}` };
      for (const problem of await verifyObject(bytes, manifest, object, seen)) {
        yield { ...problem, where };
      }
    }
  }

  /** Dead means: at its key, or in `_dead`. */
  async #find({ writer, segment }: Manifest, index: number, { key, state }: ManifestObject) {
    if (state === 'dead') {
      const letter = deadKey(writer, segment, index);
      this.#letters.add(letter);
      const bytes = await this.#store.get(letter, this.#signal);
      if (bytes !== undefined) return { where: letter, bytes };
    }
    const bytes = await this.#store.get(key, this.#signal);
    return bytes === undefined ? undefined : { where: key, bytes };
  }

  /** What is wrong with it, where it is none; undefined where it is gone by now. */
  async #manifest(key: string): Promise<Manifest | string | undefined> {
    const bytes = await this.#store.get(key, this.#signal);
    if (bytes === undefined) return undefined;
    try {
      const manifest = decodeManifest(bytes);
      const right = manifestKey(manifest.writer, manifest.segment) === key;
      return right ? manifest : 'is the manifest of another segment';
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Its segment is still in the spool, or its manifest has come since they were listed. */
  async #isUnderWay(key: string): Promise<boolean> {
    const bytes = await this.#store.get(key, this.#signal);
    if (bytes === undefined) return true; // gone since it was listed
    const receipt = await firstReceipt(bytes, key);
    const id = receipt === undefined ? undefined : parseReceipt(receipt);
    if (id === undefined) return false;
    if (this.#queued.has(`${id.writer}-${id.segment}`)) return true;
    const manifest = await this.#manifest(manifestKey(id.writer, id.segment));
    return typeof manifest === 'object' && manifest.objects.some((object) => object.key === key);
  }

  #segmentsOf(writer: string): Set<number> {
    const known = this.#segments.get(writer) ?? new Set();
    this.#segments.set(writer, known);
    return known;
  }

  #add(events: TenantCounts, column: keyof LedgerRow): void {
    for (const [tenant, count] of events) {
      const row = this.#ledger.get(tenant) ?? { stored: 0, dead: 0, queued: 0, quarantined: 0 };
      this.#ledger.set(tenant, row);
      row[column] += count;
    }
  }
}

/** The segment that a manifest's key names; undefined where it names none. */
function nameIn(key: string): { writer: string; segment: number } | undefined {
  const found = /^_manifests\/([^/]+)\/(\d+)\.json$/.exec(key);
  return found === null ? undefined : { writer: found[1] as string, segment: Number(found[2]) };
}

async function firstReceipt(bytes: Uint8Array, key: string): Promise<string | undefined> {
  try {
    for await (const [line] of splitLines(contentOf(bytes, codecOf(key) ?? 'none', Infinity))) {
      if (line !== undefined) return readTail(line)?.receipt;
    }
  } catch {
    // Not even readable: then it is none of ours.
  }
  return undefined;
}
