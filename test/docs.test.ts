import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rejections } from '@weir/core/wire/event';
import { refusals } from '@weir/core/wire/refusal';
import { expect, test } from 'vitest';

// What the documentation says must stay what the code does, as far as a test can read both.

const root = fileURLToPath(new URL('../', import.meta.url));
const interfacePage = readFileSync(join(root, 'docs/http-api.md'), 'utf8');

/** The cells of the table that a comment `<!-- NAME: …` opens, without its two heading rows. */
function tableOf(name: string): string[][] {
  const [, found = ''] = interfacePage.split(`<!-- ${name}:`);
  const section = found.slice(0, found.indexOf('<!-- end -->'));
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => row.split('|').slice(1, -1).map(plain));
}

function plain(cell: string): string {
  return cell.trim().replaceAll('`', '');
}

test('the interface page lists every refusal with its status, whether to retry, and its title', () => {
  const documented = tableOf('refusals').map((cells) => cells.slice(0, 4));
  const inCode = Object.entries(refusals).map(([code, { status, retryable, title }]) => [
    code,
    `${status}`,
    retryable ? 'yes' : 'no',
    title,
  ]);
  expect(documented).toEqual(inCode);
});

test('the interface page lists every code of a rejected event with its meaning', () => {
  const documented = tableOf('rejections').map((cells) => cells.slice(0, 2));
  expect(documented).toEqual(Object.entries(rejections));
});

/** Folders of others, and what is made. */
const skipped = new Set(['node_modules', 'data', 'coverage']);

const pages = pagesBelow(root);
const pageNames = pages.map((page) => relative(root, page));

function pagesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pagesBelow(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** A page without its blocks of code. */
function proseOf(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^```.*?^```/gms, '');
}

function linksIn(page: string): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string);
}

/** The names that GitHub gives to the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const headings = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, text]) => text as string);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

test.each(pageNames)('every link in %s leads somewhere', (name) => {
  const page = join(root, name);
  const broken = linksIn(page).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false; // of the web: not for a test to try
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!exists(target)) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
  });
  expect(broken).toEqual([]);
});

test.each(pageNames)('every file and npm script that %s names is there', (name) => {
  const text = readFileSync(join(root, name), 'utf8');
  const files = [
    ...text.matchAll(/`((?:packages|test|bench|docs|examples|lint|otel)\/[\w./-]+)`/g),
  ];
  const gone = files.map(([, file]) => file as string).filter((file) => !exists(join(root, file)));
  expect(gone).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script as string);
  expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
});

test('a page of docs/ that no other page links to is lost', () => {
  const linked = pages.flatMap((page) =>
    linksIn(page).map((link) => join(dirname(page), link.split('#')[0] as string)),
  );
  const lost = pages.filter(
    (page) => page.startsWith(join(root, 'docs/')) && !linked.includes(page),
  );
  expect(lost).toEqual([]);
});
