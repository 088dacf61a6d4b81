import { parseDocument } from 'yaml';
import { type Problems, showGiven } from './problems.ts';

/** Whether a file is JSON, or else YAML: by its name, and by how it begins where that says nothing. */
export function isJson(text: string, path: string): boolean {
  if (/\.ya?ml$/i.test(path)) return false;
  return /\.json$/i.test(path) || /^\s*\{/.test(text);
}

/** The value that JSON or YAML stands for, or what is wrong with the text, with its line. */
export function parseText(text: string, path: string): { readonly value: unknown } | Problems {
  return isJson(text, path) ? parseJson(text) : parseYaml(text);
}

function parseJson(text: string): { readonly value: unknown } | Problems {
  try {
    const value: unknown = JSON.parse(text);
    const problems = namesGivenTwice(text);
    return problems.length === 0 ? { value } : { problems };
  } catch (error) {
    const { message } = error as SyntaxError;
    // Some messages have no place and quote the file instead, which may hold hashes.
    const reason = /^(?:Unexpected token '.{1,2}'|[^,"]+)/u.exec(message)?.[0] ?? 'Bad JSON';
    const at = / \(line \d+ column \d+\)/.exec(message)?.[0] ?? ` (line ${lineOfError(text)})`;
    return { problems: [`${reason.replace(/ (?:in JSON )?at position.*$/, '')}${at}`] };
  }
}

/** The engine names no place for an unexpected token, so the longest good beginning is sought. */
function lineOfError(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (hasUnexpectedToken(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return text.slice(0, good).split('\n').length;
}

function hasUnexpectedToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as SyntaxError).message.startsWith('Unexpected token');
  }
}

/** JSON.parse keeps the last of two equal names without a word; here that would drop keys. */
function namesGivenTwice(json: string): string[] {
  const problems: string[] = [];
  const open: { readonly names: Set<string>; name: string }[] = [];
  let string = '';
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}:]/g)) {
    const inner = open.at(-1);
    if (token === '{') open.push({ names: new Set(), name: '' });
    else if (token === '}') open.pop();
    else if (token !== ':' || inner === undefined) string = token;
    else {
      inner.name = JSON.parse(string) as string;
      if (inner.names.has(inner.name)) problems.push(`${namesOf(open)}: given twice`);
      inner.names.add(inner.name);
    }
  }
  return problems;
}

function namesOf(open: readonly { readonly name: string }[]): string {
  return pathText(open.map(({ name }) => name));
}

function parseYaml(text: string): { readonly value: unknown } | Problems {
  try {
    const document = parseDocument(text);
    if (document.errors.length === 0) return { value: document.toJS() };
    return { problems: document.errors.map(({ message }) => firstLine(message)) };
  } catch (error) {
    return { problems: [firstLine((error as Error).message)] };
  }
}

/** The lines after it quote the file. */
function firstLine(message: string): string {
  return (message.split('\n')[0] as string).replace(/:$/, '');
}

/** `tenants.acme.keys[0].id`; names that are no plain words stand in brackets. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = String(part);
    if (!/^[A-Za-z0-9_-]+$/.test(name)) return `${text}[${showGiven(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}
