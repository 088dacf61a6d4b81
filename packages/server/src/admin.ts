import { problemOf } from '@weir/core/wire/problem';
import { type Refusal, refusals } from '@weir/core/wire/refusal';
import { Hono } from 'hono';
import { addConsole, type ConsoleRoutesDeps, consolePath } from './console/console-routes.ts';
import { openApi } from './openapi/document.ts';
import type { AppEnv } from './request.ts';

/** Something a person should know about a server that runs. */
export interface ReadyReason {
  readonly reason: string;
  /** Whether it must get no requests because of it; otherwise it goes on, and only says so. */
  readonly blocks: boolean;
}

export interface AdminDeps {
  /** Everything that is not as it should be, now. */
  readonly reasons: () => readonly ReadyReason[];
  /** All metrics in Prometheus' text format. */
  readonly metrics: () => string;
  /** Where the public port is reached, for its description. */
  readonly publicUrl: string;
  /** The page for people; left out where there is nobody to look at it. */
  readonly console?: ConsoleRoutesDeps;
}

const allowed = 'GET, HEAD';
const pages = ['/livez', '/readyz', '/metrics', '/openapi.json', consolePath];

/**
 * What runs on the admin port: for probes, scrapers and people on this machine. It asks for no key,
 * so nothing here tells one or changes anything.
 */
export function admin({ reasons, metrics, publicUrl, console }: AdminDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get('/livez', () => json(200, { live: true }));
  routes.get('/readyz', () => readiness(reasons()));
  routes.get('/metrics', () => {
    const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
    return new Response(metrics(), { headers });
  });
  routes.get('/openapi.json', () => json(200, openApi(publicUrl)));
  if (console !== undefined) addConsole(routes, console);
  routes.notFound(({ req }) => {
    if (pages.includes(req.path)) return problem(wrongMethod, { allow: allowed });
    return problem(nothingHere);
  });
  return routes;
}

function readiness(reasons: readonly ReadyReason[]): Response {
  const ready = !reasons.some(({ blocks }) => blocks);
  return json(ready ? 200 : 503, { ready, reasons: reasons.map(({ reason }) => reason) });
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  const type = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(`${JSON.stringify(body)}\n`, { status, headers: { ...type, ...headers } });
}

const nothingHere: Refusal = {
  refused: 'not_found',
  detail: `nothing at this path; the admin port knows ${pages.join(', ')}`,
};
const wrongMethod: Refusal = { refused: 'method_not_allowed', detail: `expected ${allowed}` };

function problem(refusal: Refusal, headers: Record<string, string> = {}): Response {
  const type = { 'content-type': 'application/problem+json' };
  const { status } = refusals[refusal.refused];
  return json(status, problemOf(refusal), { ...type, ...headers });
}
