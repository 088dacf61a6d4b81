import { expect, test } from 'vitest';
import { admin, type ReadyReason } from './admin.ts';

const publicUrl = 'http://127.0.0.1:8080';

function adminWith(...reasons: ReadyReason[]) {
  return admin({ reasons: () => reasons, metrics: () => '# HELP x y\n', publicUrl });
}

const stopping = { reason: 'stopping', blocks: true };
const badFile = { reason: 'tenants.json: cannot be read', blocks: false };

test('it is live as soon as it answers', async () => {
  const reply = await adminWith(stopping).request('/livez');
  expect(reply.status).toBe(200);
  expect(await reply.json()).toEqual({ live: true });
});

test('it is ready while nothing blocks it, and says what is wrong all the same', async () => {
  const well = await adminWith().request('/readyz');
  expect([well.status, await well.json()]).toEqual([200, { ready: true, reasons: [] }]);
  const noted = await adminWith(badFile).request('/readyz');
  expect([noted.status, await noted.json()]).toEqual([
    200,
    { ready: true, reasons: [badFile.reason] },
  ]);
});

test('it is not ready where something blocks it, and gives every reason', async () => {
  const reply = await adminWith(badFile, stopping).request('/readyz');
  expect(reply.status).toBe(503);
  expect(reply.headers.get('content-type')).toBe('application/json');
  expect(await reply.json()).toEqual({ ready: false, reasons: [badFile.reason, 'stopping'] });
});

test('metrics come as Prometheus reads them', async () => {
  const reply = await adminWith().request('/metrics');
  expect(reply.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await reply.text()).toBe('# HELP x y\n');
});

test('an unknown path is a 404 that names those there are, another method a 405', async () => {
  const subject = adminWith();
  const unknown = await subject.request('/');
  expect(unknown.status).toBe(404);
  expect(unknown.headers.get('content-type')).toBe('application/problem+json');
  expect(await unknown.json()).toMatchObject({
    code: 'not_found',
    detail: expect.stringContaining('/livez, /readyz, /metrics'),
  });
  const posted = await subject.request('/metrics', { method: 'POST' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const head = await subject.request('/readyz', { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});
