import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { clientOf, failureOf } from './double-client.model.ts';

const program = fileURLToPath(new URL('main.ts', import.meta.url));

function start(args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('serves as it is told, can be controlled, and stops on a signal', async () => {
  const known = ['--bucket', 'b', '--access-key', 'k', '--secret', 's', '--session-token', 't'];
  const child = start([...known, '--region', 'eu-west-3', '--seed', '7', '--slow-down', '1']);
  const [line] = await once(child.stdout, 'data');
  const { endpoint, control } = JSON.parse(`${line}`) as Record<string, string>;
  const credentials = [{ accessKeyId: 'k', secretAccessKey: 's', sessionToken: 't' }];
  const client = clientOf({ endpoint: endpoint ?? '', region: 'eu-west-3', credentials });
  const put = () => client.send(new PutObjectCommand({ Bucket: 'b', Key: 'key', Body: 'body' }));
  const ask = async (path: string, init?: RequestInit) => {
    const reply = await fetch(control + path, init);
    return { status: reply.status, body: await reply.json() };
  };
  const patch = (change: object) =>
    ask('/faults', { method: 'PATCH', body: JSON.stringify(change) });

  expect(await failureOf(put())).toMatchObject({ name: 'SlowDown' });
  expect(await patch({ slowdown: 0 })).toEqual({
    status: 400,
    body: { error: 'there is no fault slowdown' },
  });
  expect(await patch({ slowDown: 0 })).toMatchObject({ status: 200, body: { slowDown: 0 } });
  await put();
  expect((await ask('/faults')).body).toMatchObject({ slowDown: 0, hang: 0 });
  expect((await ask('/counts')).body).toMatchObject({
    commits: 1,
    attempts: { key: 2 },
    errors: { SlowDown: 1 },
  });
  expect((await ask('/objects')).body).toMatchObject([{ key: 'key', bytes: 4 }]);
  expect((await ask('/other')).status).toBe(404);

  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('stops, too, when it has reset connections in the middle of bodies', async () => {
  const child = start(['--early-reply-bytes', '1000', '--reset-before-commit', '0.2']);
  const [line] = await once(child.stdout, 'data');
  const { endpoint = '' } = JSON.parse(`${line}`) as Record<string, string>;
  const credentials = [{ accessKeyId: 'test', secretAccessKey: 'test-secret' }];
  const client = clientOf({ endpoint, region: 'us-east-1', credentials });
  const at = { Bucket: 'weir', Key: 'k', IfNoneMatch: '*' };
  const put = () => client.send(new PutObjectCommand({ ...at, Body: Buffer.alloc(1_000_000) }));
  for (let i = 0; i < 20; i += 1) await put().catch(() => {});
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('has the outage that was set', async () => {
  const aWeekMs = `${7 * 86_400_000}`;
  const child = start([
    '--outage',
    'unavailable',
    '--outage-after-ms',
    '0',
    '--outage-ms',
    aWeekMs,
  ]);
  const [line] = await once(child.stdout, 'data');
  const { endpoint } = JSON.parse(`${line}`) as Record<string, string>;
  const status = async () => (await fetch(`${endpoint}/weir/k`)).status;
  while ((await status()) !== 503) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('says what is wrong with its arguments', async () => {
  const child = start(['--slow-down', '2']);
  const said = text(child.stderr);
  expect(await once(child, 'exit')).toEqual([2, null]);
  expect(await said).toBe('the shares of faults make 2, which is more than 1\n');
});
