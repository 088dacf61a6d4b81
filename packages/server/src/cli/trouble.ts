import { dirname } from 'node:path';
import { withoutSecrets } from '../problems.ts';
import { StoreError } from '../store/store.ts';
import { exits, type Outcome } from './outcome.ts';

/** What a command threw, as its end: one sentence where a person can do something about it. */
export function troubleOf(error: unknown): Outcome {
  const problem = withoutSecrets(sentenceOf(error));
  return { exit: exits.trouble, lines: [], notes: [problem], json: { problems: [problem] } };
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOfTheSystem = 'syscall' in error || error instanceof StoreError;
  if (isOfTheSystem) return hintFor(error) ?? error.message;
  return `unexpected, and so a fault of weir: ${error.stack ?? error.message}`;
}

function hintFor(
  error: Error & { readonly code?: unknown; readonly path?: unknown },
): string | undefined {
  if (error.code === 'EADDRINUSE') {
    const ports = 'PORT and WEIR_ADMIN_PORT choose others, 0 a free one';
    return `${error.message}: something else listens there already; ${ports}`;
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return `${error.message}: this machine has no such address; see HOST and WEIR_ADMIN_HOST`;
  }
  const path = String(error.path ?? '');
  if (path.endsWith('dev-key') || path.endsWith('spool')) {
    return `${error.message}: WEIR_DATA_DIR names the folder, which must be writable`;
  }
  if (!path.endsWith('.lock')) return undefined;
  if (error.code === 'ENOENT') return `there is no folder ${dirname(path)}`;
  if (error.code !== 'EEXIST') return undefined;
  return `${path} exists: another weir changes the file; if none does, remove it`;
}
