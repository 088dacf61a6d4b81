import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { reportJobs, reportText } from './report.ts';
import { runRows } from './run-rows.ts';

// `npm run sim` writes the report; with --check it only says whether it would be another.
const path = fileURLToPath(new URL('../report.md', import.meta.url));
const jobs = reportJobs();
let saidAt = 0;
const results = await runRows(jobs, (done) => {
  if (done - saidAt < 20 && done < jobs.length) return;
  saidAt = done;
  process.stderr.write(`${done} of ${jobs.length} rows\n`);
});
const text = reportText(results);
const before = await readFile(path, 'utf8').catch(() => '');
if (!process.argv.includes('--check')) {
  await writeFile(path, text);
  process.stderr.write(text === before ? 'as it was\n' : `${path} is another now\n`);
} else if (text !== before) {
  const [now, then] = [text, before].map((each) => each.split('\n'));
  const changed = (now ?? []).filter((line) => then?.includes(line) !== true);
  process.stderr.write(`report.md has changed: run \`npm run sim\` and look at it\n`);
  for (const line of changed.slice(0, 20)) process.stderr.write(`+ ${line}\n`);
  process.exitCode = 1;
}
