import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';

/** A file of the page, by its path below the page's address. */
export type PageFiles = ReadonlyMap<string, Uint8Array>;

/** Bundles the page, in memory. Its files refer to each other relatively, so any folder will do. */
export async function buildPage(): Promise<PageFiles> {
  const output = (await build({
    configFile: false,
    root: fileURLToPath(new URL('../page/', import.meta.url)),
    base: './',
    logLevel: 'error',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    worker: { format: 'es' },
    build: { write: false, target: 'es2024', chunkSizeWarningLimit: 1_000 },
  })) as Rolldown.RolldownOutput;
  return new Map(
    output.output.map((file) => [
      file.fileName,
      new Uint8Array(Buffer.from(file.type === 'chunk' ? file.code : file.source)),
    ]),
  );
}
