import { readFileSync } from 'node:fs';
import { parseReceipt } from '@weir/core/wire/receipt';
import type { Hono } from 'hono';
import type { Receipts } from '../reading/receipts.ts';
import type { AppEnv } from '../request.ts';
import { type ConsoleDeps, consoleState } from './console-state.ts';
import { waterfall } from './waterfall.ts';

export interface ConsoleRoutesDeps extends ConsoleDeps {
  readonly receipts: Pick<Receipts, 'find'>;
  /** Where traces are found; undefined where they are not shown. */
  readonly jaegerUrl: string | undefined;
  /** What the page links to instead. */
  readonly jaegerPageUrl: string | undefined;
}

/** The console page: what it is made of, and what it asks for. */
export const consolePath = '/console';

const files = [
  ['', 'page.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
] as const;

/** Nothing from elsewhere, and in nobody's frame. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** A look-up reads the store: one at a time is plenty for people. */
const mostLookups = 4;

const noTrace =
  'Jaeger has no such trace: spans come some seconds after the event, and may have been sampled away';

export function addConsole(routes: Hono<AppEnv>, deps: ConsoleRoutesDeps): void {
  for (const [path, file, type] of files) {
    const text = readFileSync(new URL(`./page/${file}`, import.meta.url), 'utf8');
    const headers = { ...pageHeaders, 'content-type': type };
    routes.get(`${consolePath}${path}`, () => new Response(text, { headers }));
  }
  routes.get('/', () => new Response(null, { status: 302, headers: { location: consolePath } }));
  routes.get(`${consolePath}/state.json`, async () => {
    const { jaegerUrl, jaegerPageUrl = jaegerUrl } = deps;
    return json(200, { ...(await consoleState(deps)), jaegerUrl: jaegerPageUrl });
  });
  let looking = 0;
  routes.get(`${consolePath}/receipts/:id`, async (c) => {
    const id = parseReceipt(c.req.param('id') ?? '');
    if (id === undefined) return json(404, { problem: 'this is no receipt' });
    if (looking >= mostLookups) return json(503, { problem: 'others are being looked up' });
    looking += 1;
    try {
      return json(200, await deps.receipts.find(id, c.req.raw.signal));
    } catch {
      return json(503, { problem: 'the object store does not answer' });
    } finally {
      looking -= 1;
    }
  });
  routes.get(`${consolePath}/traces/:id`, async (c) => {
    if (deps.jaegerUrl === undefined) return json(404, { problem: 'JAEGER_URL is not set' });
    try {
      const bars = await waterfall(deps.jaegerUrl, c.req.param('id') ?? '');
      return bars === undefined ? json(404, { problem: noTrace }) : json(200, bars);
    } catch {
      return json(503, { problem: 'Jaeger does not answer, so its trace cannot be drawn' });
    }
  });
}

function json(status: number, body: unknown): Response {
  const headers = {
    ...pageHeaders,
    'content-type': 'application/json',
    'cache-control': 'no-store',
  };
  return new Response(JSON.stringify(body), { status, headers });
}
