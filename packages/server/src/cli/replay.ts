import { type Replayed, replayLetters } from '../delivery/dead-letter.ts';
import { hasProblems } from '../problems.ts';
import { openStore } from './open-store.ts';
import { counted, exits, found, type Outcome } from './outcome.ts';

export interface ReplayOptions {
  readonly config?: string | undefined;
}

/** A person needs no more of those that stay where they are. */
const mostTold = 1_000;

/**
 * `weir replay`: delivers dead letters again, once their keys take them. Run again it goes on where
 * it stopped, and two at once do no harm.
 */
export async function replay({ config }: ReplayOptions): Promise<Outcome> {
  const opened = await openStore(config);
  if (hasProblems(opened)) return found(opened.problems);
  const left: Replayed[] = [];
  const counts = { stored: 0, conflict: 0, refused: 0 };
  for await (const letter of replayLetters(opened.store, new AbortController().signal)) {
    counts[letter.outcome] += 1;
    if (letter.outcome !== 'stored' && left.length < mostTold) left.push(letter);
  }
  const staying = counts.conflict + counts.refused;
  return {
    exit: staying === 0 ? exits.ok : exits.found,
    lines: [...left.map(lineOf), summaryOf(counts.stored, staying)],
    json: { ...counts, left },
  };
}

function lineOf({ letter, key, reason }: Replayed): string {
  return `${letter}: stays, ${reason ?? `since ${key} holds other lines`}`;
}

function summaryOf(stored: number, staying: number): string {
  if (stored + staying === 0) return 'no dead letters';
  const delivered = `${counted(stored, 'dead letter')} delivered`;
  return staying === 0 ? delivered : `${delivered}, ${counted(staying, 'dead letter')} left`;
}
