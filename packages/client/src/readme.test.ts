import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// The README says what the code does, as far as a test can read both. With WEIR_WRITE_README=1 it is
// brought up to date.

const readmePath = fileURLToPath(new URL('../README.md', import.meta.url));
const source = readFileSync(fileURLToPath(new URL('./options.ts', import.meta.url)), 'utf8');

/** The rows of the table, as the docstrings of the options say them. */
function rows(): string[] {
  const [, body = ''] = source.split('export interface ClientOptions {\n');
  const options = body.slice(0, body.indexOf('\n}'));
  const pattern = /\/\*\*([\s\S]*?)\*\/\s*readonly (\w+)\?/g;
  return [...options.matchAll(pattern)].map(([, comment = '', name]) => {
    const text = comment.replaceAll(/\s*\n\s*\* ?/g, ' ').trim();
    const [what = '', byDefault = 'none'] = text.split('@default');
    return `| \`${name}\` | ${byDefault.trim()} | ${what.trim()} |`;
  });
}

test('the README lists every option with its default, as the code documents them', () => {
  const readme = readFileSync(readmePath, 'utf8');
  const [before, rest = ''] = readme.split(
    '| Option | Default | What it is |\n| --- | --- | --- |\n',
  );
  const after = rest.slice(rest.indexOf('\n<!-- end -->'));
  const table = rows();
  expect(table.length).toBeGreaterThan(20);
  const wanted = `${before}| Option | Default | What it is |\n| --- | --- | --- |\n${table.join('\n')}\n${after}`;
  if (process.env.WEIR_WRITE_README === '1') writeFileSync(readmePath, wanted);
  expect(readFileSync(readmePath, 'utf8')).toBe(wanted);
});

test('every default that the docstrings name is the one in the table of defaults', () => {
  const [, body = ''] = source.split('const defaults = {\n');
  const defaults = body.slice(0, body.indexOf('\n}'));
  for (const [, name, value] of defaults.matchAll(/^ {2}(\w+): (.+),$/gm)) {
    const row = rows().find((one) => one.startsWith(`| \`${name}\` |`)) ?? '';
    const documented = row.split('|')[2]?.trim();
    if (value === 'undefined') expect(documented).toMatch(/^(none|'adaptive'|a pool|the host)/);
    else expect(documented).toBe(value);
  }
});
