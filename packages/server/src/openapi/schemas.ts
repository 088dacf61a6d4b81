import { rejections } from '@weir/core/wire/event';
import { refusals } from '@weir/core/wire/refusal';
import { fields } from '@weir/core/wire/routes';

/** A JSON schema, as OpenAPI 3.1 has it: draft 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

const count: Schema = { type: 'integer', minimum: 0 };
const text: Schema = { type: 'string' };

function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required } as const;
}

function list(items: Schema): Schema {
  return { type: 'array', items };
}

/** To a schema below. */
export function to(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

const rejected = object({
  index: { ...count, description: 'Its place in the request, from 0.' },
  code: { enum: Object.keys(rejections) },
  detail: text,
});

/** Every body that goes over the wire, by name. What a reply may have beyond is allowed. */
export const schemas: Readonly<Record<string, Schema>> = {
  Event: {
    type: 'object',
    description: 'A CloudEvent 1.0. What is missing but `type` is filled in.',
    required: ['type'],
    properties: {
      type: { type: 'string', minLength: 1 },
      specversion: { const: '1.0' },
      id: { type: 'string', minLength: 1 },
      source: { type: 'string', minLength: 1 },
      time: { type: 'string', format: 'date-time' },
      subject: text,
      datacontenttype: text,
      dataschema: text,
      data: {},
      data_base64: text,
    },
    additionalProperties: { type: ['string', 'boolean', 'integer'] },
  },
  Receipt: {
    description: 'The name of an accepted batch, and which of its events were not taken.',
    ...object({ receipt: text, accepted: count, rejected: list(rejected) }),
  },
  ReceiptStatus: object(
    {
      receipt: text,
      state: { enum: ['queued', 'stored', 'dead', 'unknown'] },
      events: list(object({ index: count, object: text, line: { ...count, minimum: 1 } })),
      trace: { ...text, description: 'Of a request that was traced.' },
    },
    ['trace'],
  ),
  Limits: object({
    tenant: text,
    key: text,
    quotas: list(
      object(
        {
          name: text,
          unit: { enum: ['requests', 'events', 'bytes'] },
          scope: { enum: ['tenant', 'key'] },
          tokens: count,
          periodMs: { type: 'number' },
          burst: count,
          remaining: { ...count, description: 'Absent while shared limits are out of reach.' },
          resetMs: count,
        },
        ['remaining', 'resetMs'],
      ),
    ),
    request: object({ bodyBytes: count, decodedBytes: count, eventBytes: count, events: count }),
  }),
  Problem: {
    description: 'RFC 9457. `code` is what programs look at, `detail` is for people.',
    ...object(
      {
        type: { type: 'string', format: 'uri-reference' },
        title: text,
        status: count,
        code: { enum: Object.keys(refusals) },
        detail: text,
        [fields.retryAfterMs]: count,
      },
      [fields.retryAfterMs],
    ),
  },
};
