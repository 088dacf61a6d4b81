import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startFakeWeir } from '@weir/client/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Every public name of the client has a docstring, every one that can be called has an example in it,
// and every example compiles and runs.

const run = promisify(execFile);
const client = fileURLToPath(new URL('../packages/client/', import.meta.url));
const entries = ['index', 'fetch', 'otel', 'testing', 'throttle'];
/** Within the package, so that its own name is found; what lies there is not published. */
const made = join(client, 'dist-examples');

interface Public {
  readonly entry: string;
  /** With its class, where it is a member of one. */
  readonly name: string;
  readonly isType: boolean;
  /** undefined where it has none. */
  readonly docstring: string | undefined;
}

const docstring = String.raw`(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:\/\/ biome-ignore[^\n]*\n\s*)?)?`;

/** Names that an entry exports from other files, and those of its own. */
async function exportsOf(entry: string): Promise<Public[]> {
  const path = join(client, 'src', `${entry}.ts`);
  const source = await readFile(path, 'utf8');
  const found: Public[] = [];
  const lists = source.matchAll(/export (type )?\{([^}]*)\} from '([^']+)'/g);
  for (const [, kind = '', list = '', from = ''] of lists) {
    const text = await readFile(fileAt(path, from), 'utf8');
    const names = list.split(',').map((name) => `${kind}${name.trim()}`);
    for (const name of names.filter((given) => given !== '' && given !== kind)) {
      found.push(...publicOf(entry, name, text));
    }
  }
  for (const [, name = ''] of source.matchAll(/^export (?:const|function|class) (\w+)/gm)) {
    found.push({ entry, name, isType: false, docstring: docstringOf(source, name) });
  }
  return found;
}

function fileAt(path: string, from: string): string {
  const [, inCore] = /^@weir\/core\/(.*)$/.exec(from) ?? [];
  return inCore === undefined
    ? resolve(dirname(path), from)
    : join(client, '../core/src', `${inCore}.ts`);
}

/** A name of the list of an entry, `type ` before it or not, and the members of a class. */
function publicOf(entry: string, given: string, text: string): Public[] {
  const name = given.replace(/^type /, '');
  const isType = given !== name;
  const one = { entry, name, isType, docstring: docstringOf(text, name) };
  return isType ? [one] : [one, ...membersOf(text, name, entry)];
}

function docstringOf(text: string, name: string): string | undefined {
  const kinds = 'const|class|interface|type|async function|function';
  const pattern = new RegExp(`${docstring}export (?:${kinds}) ${name}\\b`);
  const match = pattern.exec(text);
  if (match === null) throw new Error(`${name} was not found`);
  return match[1];
}

/** What of a class can be called or read, but for its fields, of which its types tell. */
function membersOf(text: string, name: string, entry: string): Public[] {
  const [, body] =
    new RegExp(`^export class ${name}\\b[^\\n]*\\n([\\s\\S]*?)^}`, 'm').exec(text) ?? [];
  if (body === undefined) return [];
  const pattern = new RegExp(`^ {2}${docstring}(?:async |get )?([a-z]\\w*)[<(]`, 'gm');
  return [...body.matchAll(pattern)]
    .filter(([, , member]) => member !== 'constructor' && member !== 'toJSON')
    .map(([, said, member]) => ({
      entry,
      name: `${name}.${member}`,
      isType: false,
      docstring: said,
    }));
}

function exampleOf({ docstring: said = '' }: Public): string | undefined {
  const [, example] = said.split('@example');
  return example?.replaceAll(/^\s*\* ?/gm, '').trim();
}

/** One function a name; what the examples speak of without making it is there. */
function fileOf(one: Public): string {
  const entry = one.entry === 'fetch' ? '@weir/client/fetch' : '@weir/client';
  return `import { errorCodes, IngestClient, isWeirError, WeirError } from '${entry}';
import { observeMetrics, openTelemetry } from '@weir/client/otel';
import { FakeWeir, startFakeWeir, type FakeServer } from '@weir/client/testing';
import { Pacer, throttleInterceptor } from '@weir/client/throttle';
import { strict as assert } from 'node:assert';
import { Agent, request } from 'undici';

export async function example(server: FakeServer, apiKey: string, baseUrl: string): Promise<void> {
  await using client = new IngestClient({ apiKey, baseUrl, lingerMs: 1 });
  {
${(exampleOf(one) as string).replaceAll(/^/gm, '    ')}
  }
}
`;
}

const publics: Public[] = [];
let examples: Public[];
beforeAll(async () => {
  for (const entry of entries) publics.push(...(await exportsOf(entry)));
  const clientText = await readFile(join(client, 'src/client.ts'), 'utf8');
  publics.push(...membersOf(clientText, 'Client', 'index'));
  examples = publics.filter((one) => exampleOf(one) !== undefined);
  await rm(made, { recursive: true, force: true });
  await mkdir(made);
  await Promise.all(
    examples.map((one, number) => writeFile(join(made, `${number}.ts`), fileOf(one))),
  );
});
afterAll(() => rm(made, { recursive: true, force: true }));

test('every public name has a docstring, and an example where it can be called', () => {
  expect(publics.length).toBeGreaterThan(50);
  const silent = publics.filter((one) => one.docstring === undefined).map(({ name }) => name);
  expect(silent).toEqual([]);
  const untold = publics.filter((one) => !one.isType && exampleOf(one) === undefined);
  expect(untold.map(({ entry, name }) => `${entry}: ${name}`)).toEqual([]);
});

test('every example compiles', async () => {
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: true,
      composite: false,
      incremental: false,
      emitDeclarationOnly: false,
      noUnusedLocals: false,
      rootDir: '../..',
    },
    include: ['*.ts'],
    references: [],
  };
  await writeFile(join(made, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(client, '../../node_modules/.bin/tsc');
  const said = await run(tsc, ['-p', made]).catch(({ stdout }: { stdout: string }) => ({ stdout }));
  expect(said.stdout).toBe('');
}, 60_000);

test('every example runs', async () => {
  await using api = await startFakeWeir(); // stands for https://api.example.com
  const program = `import { startFakeWeir } from '@weir/client/testing';
const names = ${JSON.stringify(examples.map(({ name }) => name))};
for (const [number, name] of names.entries()) {
  const { example } = await import(\`./\${number}.ts\`);
  await using server = await startFakeWeir();
  process.env.WEIR_URL = server.url;
  process.env.WEIR_API_KEY = server.key;
  await example(server, server.key, server.url).catch((error) => {
    console.error(\`\${name}: \${error.stack}\`);
    process.exitCode = 1;
  });
}
`;
  for (const [number, one] of examples.entries()) {
    const text = fileOf(one)
      .replaceAll('https://api.example.com', api.url)
      .replaceAll("baseUrl: 'https://events.example.com'", 'baseUrl');
    await writeFile(join(made, `${number}.ts`), text);
  }
  await writeFile(join(made, 'all.mjs'), program);
  const { stderr } = await run(process.execPath, ['all.mjs'], { cwd: made });
  expect(stderr).toBe('');
}, 60_000);
