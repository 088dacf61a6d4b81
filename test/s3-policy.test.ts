import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type S3Double, startS3Double } from '@weir/s3-double/server';
import { expect, test } from 'vitest';
import { bucketAt } from './support/bucket.ts';
import { readMetric } from './support/metrics.ts';
import { post } from './support/sender.ts';
import { eventually, runWeir, startWeir, temporaryFolder } from './support/weir-process.ts';

// The policies of examples/s3 allow what weir does with a bucket, and nothing that it does not.

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string;
}

const actions: Readonly<Record<string, string>> = {
  put: 's3:PutObject',
  get: 's3:GetObject',
  head: 's3:GetObject',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
};

async function statementsOf(file: string): Promise<readonly Statement[]> {
  const path = fileURLToPath(new URL(`../examples/s3/${file}`, import.meta.url));
  return (JSON.parse(await readFile(path, 'utf8')) as { Statement: Statement[] }).Statement;
}

/** Does something, and returns what it asked the store for: `ACTION RESOURCE`. */
async function asked(double: S3Double, work: () => Promise<void>): Promise<string[]> {
  const before = new Map(double.counts.seen);
  await work();
  const fresh = [...double.counts.seen].filter(([what, count]) => count > (before.get(what) ?? 0));
  return fresh.map(([what]) => {
    const [kind = '', key] = what.split(/ (.*)/);
    return `${actions[kind] ?? kind} arn:aws:s3:::events${key ? `/${key}` : ''}`;
  });
}

function isAllowed(call: string, { Effect, Action, Resource }: Statement): boolean {
  const [action = '', resource = ''] = call.split(/ (.*)/);
  const matches = Resource.endsWith('*')
    ? resource.startsWith(Resource.slice(0, -1))
    : resource === Resource;
  return Effect === 'Allow' && [Action].flat().includes(action) && matches;
}

/** Every call is allowed, and every action of every statement was needed. */
async function expectLeast(file: string, calls: readonly string[]): Promise<void> {
  const statements = await statementsOf(file);
  const refused = calls.filter((call) => !statements.some((one) => isAllowed(call, one)));
  expect(refused, `calls that ${file} does not allow`).toEqual([]);
  const unused = statements.flatMap((one) =>
    [one.Action]
      .flat()
      .filter((Action) => !calls.some((call) => isAllowed(call, { ...one, Action })))
      .map((action) => `${one.Sid}: ${action}`),
  );
  expect(unused, `what ${file} allows for nothing`).toEqual([]);
}

test('serving, reading and replaying ask for what their policies allow, and for all of it', async () => {
  await using folder = await temporaryFolder();
  const denied = [{ prefix: 'tenant=', kinds: ['put'] }] as const;
  await using double = await startS3Double({ faults: { resetAfterCommit: 0.3, denied } });
  const env = bucketAt(double.endpoint);
  const tools = { ...env, WEIR_DATA_DIR: folder.path };

  const served = await asked(double, async () => {
    await using weir = await startWeir({ dataDir: folder.path, env });
    const stored = async (id: string) => {
      const reply = await post(weir, JSON.stringify({ id, type: 't' }));
      await eventually('an empty spool', async () =>
        (await readMetric(weir.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined,
      );
      const { receipt } = JSON.parse(reply.body) as { receipt: string };
      const headers = { authorization: `Bearer ${weir.key}` };
      await (await fetch(`${weir.url}/v1/receipts/${receipt}`, { headers })).text();
    };
    await stored('a'); // becomes a dead letter
    double.faults.denied = [];
    await stored('b');
    await eventually('the check at start', () =>
      [...double.counts.seen.keys()].some((call) => call.startsWith('delete _probe/'))
        ? true
        : undefined,
    );
  });
  await expectLeast('policy-serve.json', served);

  const replayed = await asked(double, async () => {
    // The double resets connections: a command says so and ends, and run again goes on.
    await eventually('every letter replayed', async () =>
      (await runWeir(['replay'], tools)).code === 0 ? true : undefined,
    );
  });
  await expectLeast('policy-replay.json', replayed);

  double.faults.resetAfterCommit = 0;
  const read = await asked(double, async () => {
    expect((await runWeir(['verify'], tools)).code).toBe(0);
    const hour = new Date().toISOString().slice(0, 13);
    await runWeir(['cat', '--tenant', 'dev', '--hour', hour], tools);
  });
  await expectLeast('policy-read.json', read);
});

test('the bucket policy denies what weir never does: every PUT is conditional', async () => {
  const [first] = await statementsOf('bucket-policy.json');
  expect(first).toMatchObject({
    Effect: 'Deny',
    Action: 's3:PutObject',
    Condition: { Null: { 's3:if-none-match': 'true' } },
  });
  await using folder = await temporaryFolder();
  await using double = await startS3Double();
  const env = bucketAt(double.endpoint);
  await using weir = await startWeir({ dataDir: folder.path, env });
  await post(weir, '{"type":"t"}');
  await eventually('a manifest', () =>
    double.objects().some(({ key }) => key.startsWith('_manifests/')) ? true : undefined,
  );
  expect(double.counts.requests.put).toBeGreaterThan(2);
  expect(double.counts.unconditional).toBe(0);
});

test('lifecycle rules never take dead letters, nor manifests before their objects', async () => {
  const path = fileURLToPath(new URL('../examples/s3/lifecycle.json', import.meta.url));
  const { Rules: rules } = JSON.parse(await readFile(path, 'utf8')) as {
    Rules: { Filter: { Prefix: string }; Expiration: { Days: number } }[];
  };
  const days = new Map(rules.map(({ Filter, Expiration }) => [Filter.Prefix, Expiration.Days]));
  expect(days.get('_manifests/')).toBeGreaterThanOrEqual(days.get('tenant=') ?? Infinity);
  expect([...days.keys()].some((prefix) => '_dead/'.startsWith(prefix))).toBe(false);
});
