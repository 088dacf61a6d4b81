import { type RefusalCode, refusals } from '@weir/core/wire/refusal';
import { fields, paths } from '@weir/core/wire/routes';
import { type Schema, schemas, to } from './schemas.ts';

const anywhere: readonly RefusalCode[] = ['bad_request', 'headers_too_large', 'internal'];
const elsewhere: readonly RefusalCode[] = ['not_found', 'method_not_allowed', 'store_trouble'];
const withKey: readonly RefusalCode[] = ['unauthorized', 'forbidden', 'abnormal_usage'];
const allCodes = Object.keys(refusals) as RefusalCode[];

/** What each path refuses with; where the method is another, `method_not_allowed` besides. */
const refusedBy = {
  events: allCodes.filter((code) => !elsewhere.includes(code)),
  receipts: [...withKey, 'not_found', 'over_capacity', 'store_trouble', ...anywhere],
  limits: [...withKey, ...anywhere],
  problems: ['not_found', ...anywhere],
} satisfies Readonly<Record<keyof typeof paths, readonly RefusalCode[]>>;

/**
 * The public port in OpenAPI 3.1, from the very tables that the server answers by.
 *
 * @param url where it is reached
 */
export function openApi(url: string): Schema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'weir',
      version: '1',
      description:
        'Takes events, keeps each sender to its quota, and writes what it took into objects. A path that is asked with another method answers 405 with Allow; OPTIONS answers 204 with Allow.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url }],
    security: [{ key: [] }, { keyAsUser: [] }],
    paths: {
      [paths.events]: { post: takeEvents },
      ...readable(`${paths.receipts}{id}`, findReceipt),
      ...readable(paths.limits, tellLimits),
      ...readable(`${paths.problems}{code}`, explainProblem),
    },
    components: {
      schemas,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'weir_KEYID_SECRET' },
        keyAsUser: { type: 'http', scheme: 'basic', description: 'The key as the user name.' },
      },
    },
  };
}

/** A path that is read by GET and HEAD alike. */
function readable(path: string, get: Schema & { readonly operationId: string }): Schema {
  const head = { ...get, operationId: `${get.operationId}Head`, summary: 'The same without body.' };
  return { [path]: { get, head } };
}

function header(name: string, description: string, schema: Schema = { type: 'string' }): Schema {
  return { name, in: 'header', description, schema };
}

function inPath(name: string, schema: Schema): Schema {
  return { name, in: 'path', required: true, schema };
}

function json(schema: string): Schema {
  return { 'application/json': { schema: to(schema) } };
}

const event = to('Event');
const events = { type: 'array', items: event };
const lines = { schema: { type: 'string', description: 'An event a line.' } };
const wrapped = { type: 'object', required: ['events'], properties: { events } };
const anyNumber = { type: 'integer', minimum: 0 };

const takeEvents = {
  operationId: 'takeEvents',
  summary: 'Takes events: they will be in an object exactly once.',
  parameters: [
    header(fields.idempotencyKey, 'A repeat with the same body gets the first reply again.', {
      type: 'string',
      minLength: 1,
      maxLength: 255,
    }),
    header(fields.prefer, '`wait=N`: up to N seconds, until the batch is in the object store.'),
    header('content-encoding', 'How the body is compressed.', {
      enum: ['identity', 'gzip', 'deflate', 'br', 'zstd'],
    }),
    header(fields.weirClient, "A sender's random name: it is told when its turn is."),
    header(fields.weirEvents, 'How many events the body holds.', anyNumber),
    header(fields.traceparent, 'W3C trace context.'),
  ],
  requestBody: {
    required: true,
    description:
      'With a `ce-type` or `ce-specversion` header: the data of one event, in binary mode.',
    content: {
      'application/json': { schema: { anyOf: [event, events, wrapped] } },
      'application/x-ndjson': lines,
      'application/ndjson': lines,
      'application/jsonl': lines,
      'application/cloudevents+json': { schema: event },
      'application/cloudevents-batch+json': { schema: events },
    },
  },
  responses: {
    200: {
      description: 'In the object store already, or a repeat of such a request.',
      content: json('Receipt'),
    },
    202: {
      description: 'Safe, and on its way to the object store.',
      headers: { location: { schema: { type: 'string' }, description: 'Of its receipt.' } },
      content: json('Receipt'),
    },
    ...problems(refusedBy.events),
  },
};

const findReceipt = {
  operationId: 'findReceipt',
  summary: 'Tells what became of a batch.',
  parameters: [
    inPath('id', { type: 'string' }),
    { name: 'wait', in: 'query', schema: anyNumber, description: 'Seconds, until it is stored.' },
  ],
  responses: {
    200: { description: 'As far as it has come.', content: json('ReceiptStatus') },
    ...problems(refusedBy.receipts),
  },
};

const tellLimits = {
  operationId: 'tellLimits',
  summary: "Tells the caller's quotas and what is left of them.",
  responses: {
    200: { description: 'As they are now.', content: json('Limits') },
    ...problems(refusedBy.limits),
  },
};

const explainProblem = {
  operationId: 'explainProblem',
  summary: 'Explains a refusal, for people.',
  security: [],
  parameters: [inPath('code', { enum: allCodes })],
  responses: {
    200: { description: 'A page of text.', content: { 'text/plain': { schema: {} } } },
    ...problems(refusedBy.problems),
  },
};

/** One response for each status, with the codes that come with it. */
function problems(codes: readonly RefusalCode[]): Schema {
  const statuses = new Set(codes.map((code) => refusals[code].status));
  return Object.fromEntries(
    Array.from(statuses, (status) => {
      const own = codes.filter((code) => refusals[code].status === status);
      return [status, problem(own)];
    }),
  );
}

function problem(codes: readonly RefusalCode[]): Schema {
  const description = codes.map((code) => `\`${code}\`: ${refusals[code].title}.`).join(' ');
  const own = { properties: { code: { enum: codes } } };
  const schema = { allOf: [to('Problem'), own] };
  const after = { schema: anyNumber, description: 'Seconds.' };
  const mayPass = codes.some((code) => refusals[code].retryable);
  return {
    description,
    ...(mayPass && { headers: { [fields.retryAfter]: after } }),
    content: { 'application/problem+json': { schema } },
  };
}
