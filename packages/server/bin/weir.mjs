#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on: runs weir with the project's own Node.
import { fileURLToPath } from 'node:url';
import { launch } from './launch.mjs';

launch({
  name: 'weir',
  program: fileURLToPath(new URL('../src/cli/weir.ts', import.meta.url)),
  // V8 lets the nursery grow to three times this; more costs 30 MiB and up and saves no time here.
  flags: ['--max-semi-space-size=8'],
  // Before libuv makes its threads: group commits must not wait behind other work on the disk.
  env: { UV_THREADPOOL_SIZE: '8' },
});
