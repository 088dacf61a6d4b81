import { Validator } from '@seriousme/openapi-schema-validator';
import { refusals } from '@weir/core/wire/refusal';
import { methods } from '@weir/server/app';
import { openApi } from '@weir/server/openapi/document';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { post } from './support/sender.ts';
import { startWeir, temporaryFolder } from './support/weir-process.ts';

// What /openapi.json says is what the server does: paths, methods, codes, and the shape of replies.

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const told = (): Document => openApi('http://127.0.0.1:8080') as unknown as Document;

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate({ ...told() })).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('paths and methods are those that the server knows', () => {
  const known = methods.map(([prefix, allow]) => [
    prefix,
    allow.toLowerCase().split(', ').toSorted(),
  ]);
  const said = Object.entries(told().paths).map(([path, operations]) => [
    path.replace(/\{\w+\}$/, ''),
    Object.keys(operations).toSorted(),
  ]);
  expect(said.toSorted()).toEqual(known.toSorted());
});

test('every code of a refusal stands somewhere, under its status', () => {
  const seen = new Set<string>(['method_not_allowed']); // wherever the method is another
  for (const operations of Object.values(told().paths)) {
    for (const { responses } of Object.values(operations)) {
      for (const [status, { content }] of Object.entries(responses)) {
        const text = JSON.stringify(content['application/problem+json'] ?? {});
        const codes = /"enum":\[([^\]]*)\]/.exec(text)?.[1]?.match(/\w+/g) ?? [];
        for (const code of codes) {
          expect(refusals[code as keyof typeof refusals].status, code).toBe(Number(status));
          seen.add(code);
        }
      }
    }
  }
  expect([...seen].toSorted()).toEqual(Object.keys(refusals).toSorted());
});

test('a real server gives the document, and replies in the shapes that it tells', async () => {
  await using folder = await temporaryFolder();
  await using weir = await startWeir({ dataDir: folder.path });
  const reply = await fetch(`${weir.adminUrl}/openapi.json`);
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json']);
  const document = (await reply.json()) as Document;
  expect(document).toEqual({ ...told(), servers: [{ url: weir.url }] });

  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: 'weir' });
  const expectTold = (path: string, method: string, answer: Answer): void => {
    const type = String(answer.headers['content-type']).split(';')[0] as string;
    const content = document.paths[path]?.[method]?.responses[answer.status]?.content;
    expect(content, `${method} ${path} ${answer.status}`).toHaveProperty([type]);
    const pointer = ['paths', path, method, 'responses', `${answer.status}`, 'content', type];
    const escaped = pointer.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'));
    const check = ajv.getSchema(`weir#/${escaped.map(encodeURIComponent).join('/')}/schema`);
    expect(check?.(JSON.parse(answer.body)), JSON.stringify(check?.errors)).toBe(true);
  };

  const taken = await post(weir, '[{"type":"a"},{"no":"type"}]');
  expect(taken.status).toBe(202);
  expectTold('/v1/events', 'post', taken);
  const waited = await post(weir, '{"type":"a"}', { headers: { prefer: 'wait=10' } });
  expect(waited.status).toBe(200);
  expectTold('/v1/events', 'post', waited);
  expectTold('/v1/events', 'post', await post(weir, '{"type":'));
  expectTold('/v1/events', 'post', await post({ ...weir, key: 'weir_wrong' }, '{}'));
  const { receipt } = JSON.parse(waited.body) as { receipt: string };
  const { key } = weir;
  const receipts = '/v1/receipts/{id}';
  expectTold(receipts, 'get', await ask(`${weir.url}/v1/receipts/${receipt}`, { key }));
  expectTold(receipts, 'get', await ask(`${weir.url}/v1/receipts/no-receipt`, { key }));
  expectTold('/v1/limits', 'get', await ask(`${weir.url}/v1/limits`, { key }));
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}
