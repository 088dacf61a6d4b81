import { loadSettings } from '@weir/server/load-settings';
import { hasProblems } from '@weir/server/problems';
import { serve } from '@weir/server/serve';

const s = await loadSettings(undefined);
if (hasProblems(s)) throw new Error(s.problems.join('\n'));
await serve(s);
process.exit();
