import { registerHooks } from 'node:module';

// `weir serve` that says at its end how many modules of OpenTelemetry were loaded.

let modules = 0;
registerHooks({
  load(url, context, nextLoad) {
    if (url.includes('opentelemetry')) modules += 1;
    return nextLoad(url, context);
  },
});
const { hasProblems } = await import('@weir/server/problems');
const { serve } = await import('@weir/server/serve');
const { loadSettings } = await import('@weir/server/settings/load-settings');

const settings = await loadSettings(undefined);
const failed = hasProblems(settings) ? settings : await serve(settings);
console.error(`modules of OpenTelemetry: ${modules}`);
process.exit(failed === undefined ? 0 : 1);
