#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on: runs the simulator with the project's own Node.
import { fileURLToPath } from 'node:url';
import { launch } from '../../server/bin/launch.mjs';

launch({
  name: 'weir-sim',
  program: fileURLToPath(new URL('../src/cli/weir-sim.ts', import.meta.url)),
});
