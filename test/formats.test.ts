import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance, StatementType } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { post } from './support/sender.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { eventually, startWeir, temporaryFolder } from './support/weir-process.ts';

// Objects of every form are read by a program that is not ours, and hold what was sent.

const examples = fileURLToPath(new URL('../examples/', import.meta.url));
const forms = ['zstd', 'gzip', 'none', 'parquet'] as const;
type Form = (typeof forms)[number];

/** What a reader needs of an event, as text. */
interface Row {
  readonly id: string;
  readonly type: string;
  readonly subject: string | null;
  readonly data: string | null;
  readonly weirtenant: string;
}

/** Runs SQL statement by statement; returns the rows of each SELECT. */
async function runSql(sql: string): Promise<Record<string, unknown>[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const results: Record<string, unknown>[][] = [];
    const statements = await connection.extractStatements(sql);
    for (let index = 0; index < statements.count; index += 1) {
      const statement = await statements.prepare(index);
      const reader = await statement.runAndReadAll();
      if (statement.statementType === StatementType.SELECT)
        results.push(reader.getRowObjectsJson());
    }
    return results;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function rowsOfQuery(store: string, form: Form, rest: string): string {
  const files = `'${store}/tenant=*/dt=*/hour=*/*'`;
  if (form === 'parquet') {
    return `SELECT ${rest.replace('FROM objects', `FROM read_parquet(${files}, hive_partitioning = true)`)}`;
  }
  const columns = `{id: 'VARCHAR', type: 'VARCHAR', subject: 'VARCHAR', data: 'JSON',
    weirtenant: 'VARCHAR', weirreceipt: 'VARCHAR'}`;
  const lines = `read_json(${files}, format = 'newline_delimited', hive_partitioning = true,
    columns = ${columns})`;
  return `SELECT ${rest.replace('FROM objects', `FROM ${lines}`)}`;
}

function eventsOf(tenant: string, count: number): Row[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `${tenant}-${`${n}`.padStart(3, '0')}`,
    type: n % 2 === 0 ? 'order.paid' : 'order.sent',
    subject: n % 3 === 0 ? `é🦦 "${n}" \\ \n` : null,
    data: n % 5 === 4 ? null : `{"z":${n},"cents":${9_007_199_254_740_993n + BigInt(n)},"a":["x"]}`,
    weirtenant: tenant,
  }));
}

/** With `data` as its own text, which JSON.stringify would round. */
function textOf({ id, type, subject, data }: Row): string {
  const attributes = JSON.stringify({ id, type, subject: subject ?? undefined, note: 'x', n: 7 });
  return data === null ? attributes : `${attributes.slice(0, -1)}, "data" : ${data}}`;
}

/** A folder store of one form, filled over HTTP: two tenants, several objects. */
async function storeOf(form: Form, folder: string) {
  const keys = { dev: makeKey(), beta: makeKey() };
  const tenants = join(folder, 'tenants.json');
  await writeTenants(tenants, { dev: { keys: [keys.dev] }, beta: { keys: [keys.beta] } });
  const env = { WEIR_TENANTS: tenants, WEIR_CODEC: form, WEIR_SEGMENT_AGE_MS: '100' };
  await using weir = await startWeir({ dataDir: folder, env });
  const sent = { dev: eventsOf('dev', 120), beta: eventsOf('beta', 30) };
  for (const tenant of ['dev', 'beta'] as const) {
    const target = { url: weir.url, key: keys[tenant].text };
    const body = `[${sent[tenant].map(textOf).join(',')}]`;
    expect((await post(target, body)).status).toBe(202);
  }
  await eventually('an empty spool', async () =>
    (await readMetric(weir.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined,
  );
  return { store: join(folder, 'store'), sent: [...sent.beta, ...sent.dev] };
}

test.concurrent.each(forms)(
  '%s: DuckDB reads every event as it was sent, by partition',
  async (form) => {
    await using folder = await temporaryFolder();
    const { store, sent } = await storeOf(form, folder.path);
    const all = 'id, type, subject, data::VARCHAR AS data, weirtenant FROM objects ORDER BY id';
    const [rows] = await runSql(rowsOfQuery(store, form, all));
    expect(rows).toEqual(sent);

    const partitions = `tenant, dt::VARCHAR AS dt, hour::INTEGER AS hour, count(*) AS events
    FROM objects WHERE tenant IN ('dev', 'beta') GROUP BY ALL ORDER BY tenant`;
    const [found] = await runSql(rowsOfQuery(store, form, partitions));
    const now = { dt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/), hour: expect.any(Number) };
    expect(found).toEqual([
      { tenant: 'beta', ...now, events: '30' },
      { tenant: 'dev', ...now, events: '120' },
    ]);

    const example = await readFile(
      join(examples, form === 'parquet' ? 'read-parquet.sql' : 'read-lines.sql'),
      'utf8',
    );
    const [byHour, ofDev, byManifest] = await runSql(example.replace("'data/store'", `'${store}'`));
    expect(byHour).toHaveLength(4);
    expect(ofDev?.map(({ cents }) => cents).slice(0, 2)).toEqual([
      '9007199254740993',
      '9007199254740994',
    ]);
    expect(byManifest).toEqual([
      { weirtenant: 'beta', events: '30', ids: '30' },
      { weirtenant: 'dev', events: '120', ids: '120' },
    ]);
  },
);

test('the example for a bucket does the same with a folder in its place', async () => {
  await using folder = await temporaryFolder();
  const { store } = await storeOf('zstd', folder.path);
  const example = await readFile(join(examples, 'read-s3.sql'), 'utf8');
  const [, queries = ''] = example.split(/^(?=SET VARIABLE store)/m); // without the network
  const [rows] = await runSql(
    queries.replace("'s3://events'", `'${store}'`).replace(' AND dt = current_date', ''),
  );
  expect(rows).toEqual([
    { type: 'order.paid', events: '60' },
    { type: 'order.sent', events: '60' },
  ]);
});

test('every example in SQL is listed and run here', async () => {
  const readme = await readFile(join(examples, 'README.md'), 'utf8');
  const tests = await readFile(fileURLToPath(import.meta.url), 'utf8');
  const files = (await readdir(examples)).filter((name) => name.endsWith('.sql'));
  expect(files).toHaveLength(3);
  for (const file of files) {
    expect(readme).toContain(`(${file})`);
    expect(tests).toContain(`'${file}'`);
  }
});
