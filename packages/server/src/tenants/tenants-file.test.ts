import { expect, test } from 'vitest';
import { parsePeriod, parseTenants, type TenantsFile } from './tenants-file.ts';

const quota = {
  name: 'req',
  unit: 'requests',
  tokens: 1000,
  period: '1s',
  burst: 2000,
  scope: 'tenant',
};
const key = (id: string) => ({
  id,
  salt: '00'.repeat(16),
  hash: 'ab'.repeat(32),
  scopes: ['ingest'],
});
const fileOf = (changes: Record<string, unknown> = {}) => ({
  plans: { standard: [quota] },
  tenants: { acme: { plan: 'standard', keys: [key('abcdefghijk1')] } },
  ...changes,
});
const parse = (file: unknown) => parseTenants(JSON.stringify(file), 'tenants.json');
const problemsOf = (file: unknown) => {
  const read = parse(file);
  return 'problems' in read ? read.problems : [];
};
const tenants = (name: string, tenant: unknown) => fileOf({ tenants: { [name]: tenant } });
const plans = (...standard: unknown[]) => fileOf({ plans: { standard } });

test('the file of the documentation is read', () => {
  const read = parse(fileOf()) as TenantsFile;
  const [first] = read.plans.get('standard') ?? [];
  expect(first).toMatchObject({ name: 'req', unit: 'requests', scope: 'tenant' });
  expect(first?.quota).toMatchObject({ tokens: 1000, periodUs: 1_000_000, burst: 2000 });
  const acme = read.tenants.get('acme');
  expect(acme?.keys[0]).toMatchObject({ id: 'abcdefghijk1', scopes: new Set(['ingest']) });
  expect(acme?.keys[0]?.salt).toHaveLength(16);
});

test('the same file as YAML reads the same', () => {
  const yaml = `
# who may send
plans:
  standard:
    - {name: req, unit: requests, tokens: 1000, period: 1s, burst: 2000, scope: tenant}
tenants:
  acme:
    plan: standard
    keys:
      - id: abcdefghijk1
        salt: "${'00'.repeat(16)}"
        hash: ${'ab'.repeat(32)}
        scopes: [ingest]
`;
  expect(parseTenants(yaml, 'tenants.yaml')).toEqual(parse(fileOf()));
});

test('a quota refuses and falls back to its local share unless it says otherwise', () => {
  const read = parse(plans(quota, { ...quota, name: 'b', shadow: true, onTrouble: 'closed' }));
  expect((read as TenantsFile).plans.get('standard')).toMatchObject([
    { shadow: false, onTrouble: 'local' },
    { shadow: true, onTrouble: 'closed' },
  ]);
  expect(problemsOf(plans({ ...quota, shadow: 'yes', onTrouble: 'fail' }))).toEqual([
    'plans.standard[0].shadow: expected true or false, given "yes"',
    'plans.standard[0].onTrouble: expected local, open or closed, given "fail"',
  ]);
});

test('an id that YAML takes for a number is refused, and not mistaken', () => {
  const yaml = JSON.stringify(fileOf()).replace('"abcdefghijk1"', '000000000012');
  expect(parseTenants(yaml, 'tenants.yaml')).toEqual({
    problems: ['tenants.acme.keys[0].id: expected 12 of a-z0-9, given the number 12'],
  });
});

test.each(['a', 'a.b-c', '0', 'x'.repeat(63), 'a..b'])('%s may name a tenant', (name) => {
  expect(problemsOf(tenants(name, { plan: 'standard', keys: [] }))).toEqual([]);
});

test.each(['', '.', '..', '../x', 'a/b', 'a b', 'Ä', 'ACME', '-a', '_mixed', 'x'.repeat(64)])(
  '"%s" may not name a tenant',
  (name) => {
    const problems = problemsOf(tenants(name, { plan: 'standard', keys: [] }));
    expect(problems).toEqual([expect.stringContaining('expected a name of 1 to 63 of a-z0-9.-')]);
  },
);

test('a tenant called __proto__ is refused like any other bad name', () => {
  const text = JSON.stringify(fileOf()).replace('"acme"', '"__proto__"');
  expect(parseTenants(text, '.json')).toEqual({
    problems: [expect.stringMatching(/^tenants\.__proto__: expected a name/)],
  });
});

test('all problems are listed at once, each with its place', () => {
  const bad = {
    plans: {
      standard: [
        { ...quota, period: '0s', tokens: 0 },
        { ...quota, name: 'a b', unit: 'byte', burst: 1.5, scope: 'all' },
        'none',
      ],
      empty: [],
    },
    tenants: {
      acme: { plan: 'gold', keys: [{ ...key('ABC'), salt: 'xyz', scopes: ['write'] }] },
      blue: { keys: 3, plans: 'standard', limits: { bodyBytes: '1 MB', events: 0 } },
      'co.uk': { plan: 'standard', keys: [{ ...key('abcdefghijk2'), scopes: [] }, {}] },
    },
    more: 1,
  };
  expect(problemsOf(bad)).toEqual([
    'more: unknown, and so not obeyed',
    'plans.standard[0].tokens: expected a whole number of at least 1, given the number 0',
    'plans.standard[0].period: expected a period such as 1s, 500ms, 10m, 1h or 1d, given "0s"',
    expect.stringMatching(/^plans\.standard\[1\]\.name: expected a name .*, given "a b"$/),
    'plans.standard[1].unit: expected requests, events or bytes, given "byte"',
    'plans.standard[1].burst: expected a whole number of at least 1, given the number 1.5',
    'plans.standard[1].scope: expected tenant or key, given "all"',
    'plans.standard[2]: expected a quota, given "none"',
    'plans.empty: expected a list of at least one quota, given []',
    'tenants.acme.plan: expected one of the plans (standard, empty), given "gold"',
    'tenants.acme.keys[0].id: expected 12 of a-z0-9, given "ABC"',
    'tenants.acme.keys[0].salt: expected hex digits of 8 to 64 bytes, in quotes',
    'tenants.acme.keys[0].scopes[0]: expected ingest or read, given "write"',
    'tenants.blue.plan: expected the name of a plan, given nothing',
    'tenants.blue.keys: expected a list of keys, given the number 3',
    'tenants.blue.limits.bodyBytes: expected a size of at least 1, such as 65536 or 64 KiB, given "1 MB"',
    'tenants.blue.limits.events: expected a whole number of at least 1, given the number 0',
    'tenants.blue.plans: unknown, and so not obeyed',
    'tenants["co.uk"].keys[0].scopes: expected a list of ingest and read, given []',
    'tenants["co.uk"].keys[1].id: expected 12 of a-z0-9, given nothing',
    expect.stringMatching(/^tenants\["co\.uk"\]\.keys\[1\]\.salt: expected hex/),
    expect.stringMatching(/^tenants\["co\.uk"\]\.keys\[1\]\.hash: expected hex/),
    expect.stringMatching(/^tenants\["co\.uk"\]\.keys\[1\]\.scopes: expected a list/),
  ]);
});

test('a file that is no map, or lacks a part, is refused', () => {
  expect(problemsOf([])).toEqual(['expected a map with plans and tenants, given []']);
  expect(problemsOf({ plans: {} })).toEqual(['tenants: expected a map by name, given nothing']);
  expect(problemsOf({ plans: {}, tenants: {} })).toEqual([]);
});

test('a quota name may stand once in a plan, and again in another', () => {
  expect(problemsOf(plans(quota, { ...quota, unit: 'events' }))).toEqual([
    'plans.standard[1].name: req is given twice in this plan',
  ]);
  expect(problemsOf(fileOf({ plans: { standard: [quota], gold: [quota] } }))).toEqual([]);
});

test('a key id belongs to one tenant, and a second one is told where the first is', () => {
  const tenant = { plan: 'standard', keys: [key('abcdefghijk1')] };
  expect(problemsOf(fileOf({ tenants: { acme: tenant, blue: tenant } }))).toEqual([
    'tenants.blue.keys[0].id: abcdefghijk1 is also the id of tenants.acme.keys[0]',
  ]);
});

test('a quota too large to be counted exactly is refused by plan and name', () => {
  const huge = { ...quota, name: 'vol', tokens: 1, period: '1d', burst: 2 ** 40 };
  expect(problemsOf(plans(quota, huge))).toEqual([
    expect.stringMatching(/^plans\.standard\[1\]: quota vol: .*lower burst or period$/),
  ]);
});

test('periods carry a unit', () => {
  const read = ['250ms', '1s', '2m', '1h', '1d'].map(parsePeriod);
  expect(read).toEqual([250_000, 1_000_000, 120_000_000, 3_600_000_000, 86_400_000_000]);
  for (const wrong of ['', '1', 's', '1.5s', '1 s', '-1s', '1w', '1S']) {
    expect(parsePeriod(wrong)).toBeNaN();
  }
});

test('neither salt nor hash is shown where it is wrong', () => {
  const wrong = { ...key('abcdefghijk1'), salt: 'secretsalt', hash: 'secrethash' };
  const problems = problemsOf(tenants('acme', { plan: 'standard', keys: [wrong] }));
  expect(problems).toHaveLength(2);
  expect(problems.join()).not.toContain('secret');
});

test('a file that is wrong everywhere leaves a list that can be read', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`t${i}`, {}]));
  const problems = problemsOf(fileOf({ tenants: many }));
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)).toBe('and 900 more');
});
