#!/usr/bin/env node
// Runs the built program where the package is installed, and the sources within the repository.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../dist/client/cli/weir-send.js', import.meta.url);
const source = new URL('../src/cli/weir-send.ts', import.meta.url);
await import(existsSync(fileURLToPath(source)) ? source.href : built.href);
