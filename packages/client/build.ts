// Compiles the client, core and segment-log into dist/, so that what is published depends on undici
// alone. Plain tsc; then the names of the two private packages become paths; then what is loaded
// together becomes one file: of 53 files each took half a millisecond to import.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const tsc = fileURLToPath(import.meta.resolve('typescript/package.json'));
const packages = ['client', 'core', 'segment-log'] as const;
const entries = ['index', 'fetch', 'otel', 'testing', 'throttle', 'cli/weir-send'];

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [join(dirname(tsc), 'bin', 'tsc'), '-p', 'tsconfig.build.json'], {
  cwd: here,
  stdio: 'inherit',
});
for (const name of packages) {
  const made = join(dist, name);
  renameSync(join(made, 'src'), join(dist, `${name}.src`));
  rmSync(made, { recursive: true, force: true });
  renameSync(join(dist, `${name}.src`), made);
}
for (const file of filesBelow(dist)) rewrite(file);
const needed = reachable();
for (const file of filesBelow(dist)) if (!needed.has(file)) rmSync(file);
await bundle();
for (const folder of foldersBelow(dist))
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });

/** The JavaScript in few files, none of it made smaller; the types stay as they are. */
async function bundle(): Promise<void> {
  const made = join(here, 'dist-bundled');
  const [index, edge, throttle] = ['index', 'fetch', 'throttle'].map(loadedBy);
  const isPace = (file: string): boolean =>
    index?.has(file) === true && throttle?.has(file) === true;
  const isShared = (file: string): boolean => index?.has(file) === true && edge?.has(file) === true;
  const groups = [
    { name: 'pace', priority: 2, test: isPace },
    { name: 'client', priority: 1, test: isShared },
  ];
  await build({
    root: here,
    logLevel: 'warn',
    configFile: false,
    publicDir: false,
    build: {
      ssr: true, // without the help that Vite gives to pages
      outDir: made,
      emptyOutDir: true,
      minify: false,
      target: 'es2023',
      rolldownOptions: {
        input: Object.fromEntries(
          entries.map((name) => [name, join(dist, 'client', `${name}.js`)]),
        ),
        preserveEntrySignatures: 'strict',
        external: [/^node:/, 'undici', '@opentelemetry/api'],
        output: {
          entryFileNames: 'client/[name].js',
          chunkFileNames: 'parts/[name].js',
          codeSplitting: { groups },
        },
      },
    },
  });
  for (const file of filesBelow(dist)) if (file.endsWith('.js')) rmSync(file);
  cpSync(made, dist, { recursive: true });
  rmSync(made, { recursive: true });
}

/** Files that an entry loads at once. */
function loadedBy(entry: string): Set<string> {
  const found = new Set<string>();
  const open = [join(dist, 'client', `${entry}.js`)];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(
      /^(?:import|export)\b[^;]*?['"](\.[^'"\n]+)['"]/gms,
    )) {
      open.push(join(dirname(file), name));
    }
  }
  return found;
}

/** Names of packages and of TypeScript files become paths of what was compiled. */
function rewrite(file: string): void {
  const text = readFileSync(file, 'utf8').replaceAll(
    /(\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\2/g,
    (_, before: string, mark: string, name: string) =>
      `${before}${mark}${specifierFrom(file, name)}${mark}`,
  );
  writeFileSync(file, text);
}

function specifierFrom(file: string, name: string): string {
  const found = /^@weir\/(core|segment-log)\/(.+)$/.exec(name);
  if (found === null) return name.startsWith('.') ? name.replace(/\.ts$/, '.js') : name;
  const path = relative(dirname(file), join(dist, found[1] as string, `${found[2]}.js`));
  const posix = path.split(sep).join('/');
  return posix.startsWith('.') ? posix : `./${posix}`;
}

/** All files that some entry leads to, with their declarations. */
function reachable(): Set<string> {
  const found = new Set<string>();
  const open = entries.flatMap((entry) => [
    join(dist, 'client', `${entry}.js`),
    join(dist, 'client', `${entry}.d.ts`),
  ]);
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file) || !existsSync(file)) continue;
    found.add(file);
    const isDeclaration = file.endsWith('.d.ts');
    for (const [, name] of readFileSync(file, 'utf8').matchAll(
      /['"](\.{1,2}\/[^'"\n]+\.js)['"]/g,
    )) {
      const target = join(dirname(file), name as string);
      open.push(isDeclaration ? target.replace(/\.js$/, '.d.ts') : target);
    }
  }
  return found;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** The deepest first. */
function foldersBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [...foldersBelow(path), path] : [];
  });
}
