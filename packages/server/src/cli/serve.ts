import { hasProblems } from '../problems.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { exits, found, type Outcome } from './outcome.ts';

/** `weir serve`: ends when the server has stopped. */
export async function serveCommand({ config }: { config?: string | undefined }): Promise<Outcome> {
  const settings = await loadSettings(config);
  if (hasProblems(settings)) return found(settings.problems);
  const { serve } = await import('../serve.ts'); // no other command needs all of the server
  const failed = await serve(settings);
  return failed === undefined
    ? { exit: exits.ok, lines: [], json: { problems: [] } }
    : found(failed.problems);
}
