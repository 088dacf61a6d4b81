import { expect, test } from 'vitest';
import {
  codecOf,
  deadKey,
  defaultTemplate,
  keyProblem,
  manifestKey,
  mixedTenant,
  type ObjectName,
  objectKey,
  searchesOf,
  templateProblem,
} from './object-key.ts';

const name: ObjectName = {
  template: defaultTemplate,
  codec: 'zstd',
  tenant: 'acme',
  hourMs: Date.UTC(2026, 0, 31, 9),
  writer: 'abcdefghij012345',
  segment: 17,
};

test('names an object after its tenant, hour, writer and segment', () => {
  expect(objectKey(name)).toBe('tenant=acme/dt=2026-01-31/hour=09/abcdefghij012345-17.ndjson.zst');
  expect(objectKey({ ...name, tenant: mixedTenant, codec: 'gzip' })).toBe(
    'tenant=_mixed/dt=2026-01-31/hour=09/abcdefghij012345-17.ndjson.gz',
  );
  const template = 'events/{dt}T{hour}/{segment}.{writer}/{tenant}/{tenant}';
  expect(objectKey({ ...name, template, codec: 'none' })).toBe(
    'events/2026-01-31T09/17.abcdefghij012345/acme/acme.ndjson',
  );
});

test('knows the codec by the name', () => {
  for (const codec of ['zstd', 'gzip', 'none', 'parquet'] as const) {
    expect(codecOf(objectKey({ ...name, codec }))).toBe(codec);
  }
  expect(codecOf('_manifests/abc/1.json')).toBeUndefined();
});

test('the ending tells the form', () => {
  expect(objectKey({ ...name, codec: 'parquet' })).toMatch(/-17\.parquet$/);
});

test('has a place for manifests and for dead letters', () => {
  expect(manifestKey('abc', 7)).toBe('_manifests/abc/7.json');
  expect(deadKey('abc', 7, 0)).toBe('_dead/abc/7-0');
});

test.each([
  defaultTemplate,
  '{writer}-{segment}',
  '{segment}/{writer}',
  'a b/é/{tenant}-{segment}/{writer}{dt}{hour}',
  '_raw/{tenant}/{writer}-{segment}',
  '_x{tenant}/{writer}-{segment}',
  `${'x'.repeat(200)}/${'y'.repeat(200)}/${'z'.repeat(200)}/{writer}/{segment}`,
])('takes the template %s', (template) => {
  expect(templateProblem(template)).toBeUndefined();
});

test.each([
  [
    '{stream}/{writer}-{segment}',
    'knows no {stream}, only {tenant} {dt} {hour} {writer} {segment}',
  ],
  ['{tenant}/{segment}', 'needs {writer}, or names would repeat'],
  ['{tenant}/{writer}', 'needs {segment}, or names would repeat'],
  ['{tenant/{writer}-{segment}', 'has a brace that belongs to no name'],
  ['{tenant}}/{writer}-{segment}', 'has a brace that belongs to no name'],
  ['{tenant}{segment}/{writer}', /needs a sign/],
  ['{segment}{tenant}/{writer}', /needs a sign/],
  ['{tenant}/{writer}/1{segment}', /needs a sign/],
  ['/{writer}-{segment}', /slash/],
  ['a//{writer}-{segment}', /slash/],
  ['a/../{writer}-{segment}', /part "\.\."/],
  ['./{writer}-{segment}', /part "\."/],
  ['a\\b/{writer}-{segment}', /backslash/],
  ['a\nb/{writer}-{segment}', /control character/],
  [`${'x'.repeat(256)}/{writer}-{segment}`, /255 bytes/],
  [`${'é/'.repeat(350)}{writer}-{segment}`, 'makes keys of 1093 bytes, at most 1024 are allowed'],
  ['_manifests/{writer}-{segment}', 'must not lie under _manifests/'],
  ['_dead/{writer}-{segment}', 'must not lie under _dead/'],
  ['_probe/{writer}-{segment}', 'must not lie under _probe/'],
  ['.tmp/{writer}-{segment}', 'must not lie under .tmp'],
  ['_{tenant}/{writer}-{segment}', 'must not have {tenant} right behind _, or objects could'],
  ['_de{tenant}/{writer}-{segment}', /right behind _de, .* under _dead\//],
  ['.{tenant}/{writer}-{segment}', /right behind \., .* under \.tmp/],
])('says what is wrong with the template %j', (template, problem) => {
  expect(templateProblem(template)).toMatch(problem);
});

test('the prefix of a bucket is part of every key', () => {
  const template = `${'x'.repeat(200)}/${'y'.repeat(200)}/${'z'.repeat(200)}/{writer}/{segment}`;
  expect(templateProblem(template, `${'p/'.repeat(150)}`)).toBeUndefined();
  expect(templateProblem(template, `${'p/'.repeat(200)}`)).toMatch(/keys of 10\d\d bytes/);
});

test('measures keys in bytes, not in characters', () => {
  expect(keyProblem('é/'.repeat(341).slice(0, -1))).toBeUndefined();
  expect(keyProblem('é/'.repeat(342).slice(0, -1))).toBe(
    'makes keys of 1025 bytes, at most 1024 are allowed',
  );
});

test.each([
  defaultTemplate,
  'a.b/{writer}-{segment}/{tenant}/{dt}(x)/{hour}',
  '{dt}/{segment}-{writer}+{tenant}/{hour}',
  'all/{hour}/{writer}/{segment}',
])('searches of %s find the tenant’s objects of the hour, and no others', (template) => {
  const found = (key: string) =>
    searchesOf(template, 'acme', name.hourMs).filter(
      ({ prefix, pattern }) => key.startsWith(prefix) && pattern.test(key),
    ).length;
  for (const codec of ['zstd', 'gzip', 'none', 'parquet'] as const) {
    for (const tenant of ['acme', mixedTenant]) {
      const shared = template.includes('{tenant}') ? tenant : mixedTenant;
      expect(found(objectKey({ ...name, template, codec, tenant: shared }))).toBe(1);
    }
  }
  const others: Partial<ObjectName>[] = [
    { hourMs: name.hourMs + 3_600_000 },
    ...(template.includes('{tenant}') ? [{ tenant: 'acme2' }, { tenant: 'a' }] : []),
  ];
  for (const other of others) expect(found(objectKey({ ...name, template, ...other }))).toBe(0);
  expect(found(`${objectKey({ ...name, template })}x`)).toBe(0);
});
