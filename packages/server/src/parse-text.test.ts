import { expect, test } from 'vitest';
import { parseText, pathText } from './parse-text.ts';

test.each([
  ['a comma too many', '{"a": 1,\n}', /^Expected double-quoted property name \(line 2 /],
  ['a bare word', '{"a": 1,\n"b":\nyes}', /^Unexpected token 'y' \(line 3\)$/],
  ['a missing end', '{"a": {\n', /line 2/],
  ['an open string', '{"a\n', /line 1/],
  ['nothing', '', /line 1/],
  ['a name twice', '{"t": {"a": 1, "b": [{"a": 1}], "a": 2}}', /^t\.a: given twice$/],
  ['a name twice, written otherwise', '{"ab": 1, "\\u0061b": 2}', /^ab: given twice$/],
])('JSON with %s is refused, with its place', (_, text, problem) => {
  expect(parseText(text, 'x.json')).toEqual({ problems: [expect.stringMatching(problem)] });
});

test.each([
  ['an open list', 'a: [1,\n', /line 2/],
  ['a name twice', 'a: 1\na: 2\n', /^Map keys must be unique at line 2, column 1$/],
  ['an unknown alias', 'a: *nobody', /nobody/],
  ['two documents', 'a: 1\n---\nb: 2', /multiple documents/],
])('YAML with %s is refused, with its place', (_, text, problem) => {
  expect(parseText(text, 'x.yaml')).toEqual({ problems: [expect.stringMatching(problem)] });
});

test('a problem never quotes the file, which holds hashes', () => {
  const line = `"hash": "${'5'.repeat(64)}"`;
  for (const [text, path] of [
    [`{${line} x}`, '.json'],
    [`{${line}: x}`, '.json'],
    [`x\n{${line}}`, '.json'],
    [`a: {${line}\n b: c: d`, '.yaml'],
    [`${line}\n${line}`, '.yaml'],
  ] as const) {
    expect(JSON.stringify(parseText(text, path))).toMatch(/"problems".*line/);
    expect(JSON.stringify(parseText(text, path))).not.toContain('5555');
  }
});

test('YAML bombs are refused, not unfolded', () => {
  const levels = Array.from({ length: 30 }, (_, i) => {
    const previous = `*l${i - 1}, `.repeat(9);
    return i === 0 ? 'l0: &l0 [x, x]' : `l${i}: &l${i} [${previous}x]`;
  });
  expect(parseText(levels.join('\n'), '.yaml')).toEqual({
    problems: [expect.stringContaining('alias')],
  });
});

test('the ending tells the format; without one, the first character does', () => {
  expect(parseText('{a: 1}', 'x.yaml')).toEqual({ value: { a: 1 } });
  expect(parseText('{"a": 1}', 'x')).toEqual({ value: { a: 1 } });
  expect(parseText('a: 1', 'x')).toEqual({ value: { a: 1 } });
  expect(parseText('a: 1', 'x.json')).toHaveProperty('problems');
});

test('a path reads as one would write it', () => {
  expect(pathText(['tenants', 'acme', 'keys', 0, 'id'])).toBe('tenants.acme.keys[0].id');
  expect(pathText(['tenants', 'acme.eu', 'plan'])).toBe('tenants["acme.eu"].plan');
});
