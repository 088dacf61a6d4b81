import { codecOf, deadKey, deadPrefix, manifestKey } from '../object-key.ts';
import { type ObjectContent, type Store, StoreError } from '../store/store.ts';
import { decodeManifest } from './manifest.ts';
import { putPlain } from './put-plain.ts';

/** An object that its key did not take, on its way to `_dead`. */
export interface DeadLetter {
  readonly writer: string;
  readonly segment: number;
  /** Its place among the segment's objects, from 0. */
  readonly index: number;
  /** Where it belongs. */
  readonly key: string;
  readonly reason: string;
  readonly bytes: Uint8Array;
  readonly content: ObjectContent;
}

/** What lies beside a letter, at its key and `.json`. */
export interface LetterNote {
  readonly version: 1;
  /** Where the letter belongs. */
  readonly key: string;
  readonly reason: string;
  readonly content: Omit<ObjectContent, 'sums'>;
}

/**
 * Keeps the identical bytes under `_dead`, and beside them where they belong and why they could not
 * go there. The note comes last: where there is one, the letter was whole. A note that is there
 * already stands, whatever reason it gives.
 */
export async function writeLetter(
  store: Store,
  { writer, segment, index, key, reason, bytes, content }: DeadLetter,
  signal: AbortSignal,
): Promise<void> {
  const letter = deadKey(writer, segment, index);
  const outcome = await store.put(letter, bytes, content, signal);
  if (outcome === 'different') throw new Error(`${letter} holds other lines than it should`);
  const { sums: _, ...kept } = content; // of the lines, not of how they were sent
  const note: LetterNote = { version: 1, key, reason, content: kept };
  await putPlain(store, noteKey(letter), Buffer.from(`${JSON.stringify(note)}\n`), signal);
}

/** What became of one letter. */
export interface Replayed {
  readonly letter: string;
  readonly key: string;
  /** `conflict`: something else holds its key; `refused`: it still may not go there. It stays. */
  readonly outcome: 'stored' | 'conflict' | 'refused';
  /** Why it was refused. */
  readonly reason?: string;
}

/**
 * Puts every letter where it belongs, conditionally, and only then removes it. One that was left
 * without its note, by a crash or by a PUT that was done after its answer was given up, goes where
 * the manifest of its segment says; while there is none, its segment is on its way, and it stays.
 * Throws `StoreError` where the store is in trouble; run again, it goes on where it stopped.
 */
export async function* replayLetters(
  store: Store,
  signal: AbortSignal,
): AsyncGenerator<Replayed, void, void> {
  let last = '';
  for await (const { key: found } of store.list(deadPrefix, signal)) {
    // In the byte order of keys a note comes right after its letter.
    const letter = found.endsWith(noteSuffix) ? found.slice(0, -noteSuffix.length) : found;
    if (letter === last) continue;
    last = letter;
    const replayed = await replayLetter(store, letter, signal);
    if (replayed !== undefined) yield replayed;
  }
}

/** undefined where nobody can tell yet where it belongs, or where another replay was quicker. */
async function replayLetter(
  store: Store,
  letter: string,
  signal: AbortSignal,
): Promise<Replayed | undefined> {
  const note = await readNote(store, noteKey(letter), signal);
  const place = note ?? (await placeInManifest(store, letter, signal));
  if (place === undefined) return undefined;
  const { key } = place;
  const bytes = await store.get(letter, signal);
  if (bytes !== undefined) {
    const left = await putBack(store, place, bytes, signal);
    if (left !== undefined) return { letter, key, ...left };
    await store.remove(letter, signal);
  }
  await store.remove(noteKey(letter), signal); // alone it is what a crash left right here
  return { letter, key, outcome: 'stored' };
}

/** Where a letter belongs, and what it holds. */
type Place = Pick<LetterNote, 'key' | 'content'>;

async function placeInManifest(
  store: Store,
  letter: string,
  signal: AbortSignal,
): Promise<Place | undefined> {
  const name = letterName(letter);
  if (name === undefined) return undefined;
  const bytes = await store.get(manifestKey(name.writer, name.segment), signal);
  const object = bytes === undefined ? undefined : decodeManifest(bytes).objects[name.index];
  if (object === undefined) return undefined;
  const { key, sha256: contentSha256, contentBytes } = object;
  return { key, content: { contentSha256, contentBytes, codec: codecOf(key) ?? 'none' } };
}

/** Why it must stay where it is; undefined where it is at its key now. */
async function putBack(
  store: Store,
  { key, content }: Place,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<Pick<Replayed, 'outcome' | 'reason'> | undefined> {
  try {
    const outcome = await store.put(key, bytes, content, signal);
    return outcome === 'different' ? { outcome: 'conflict' } : undefined;
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'refused') throw error;
    return { outcome: 'refused', reason: error.message };
  }
}

const noteSuffix = '.json';

function noteKey(letter: string): string {
  return `${letter}${noteSuffix}`;
}

/** undefined where another replay was quicker. */
async function readNote(
  store: Store,
  key: string,
  signal: AbortSignal,
): Promise<LetterNote | undefined> {
  const bytes = await store.get(key, signal);
  if (bytes === undefined) return undefined;
  const note = JSON.parse(Buffer.from(bytes).toString('utf8')) as LetterNote;
  if (note.version === 1) return note;
  throw new Error(`${key} is of a format that this weir does not understand`);
}

/** Which object's letter lies at this key; undefined where none can. */
function letterName(
  key: string,
): { readonly writer: string; readonly segment: number; readonly index: number } | undefined {
  const found = /^_dead\/([^/]+)\/(\d+)-(\d+)$/.exec(key);
  if (found === null) return undefined;
  return { writer: found[1] as string, segment: Number(found[2]), index: Number(found[3]) };
}
