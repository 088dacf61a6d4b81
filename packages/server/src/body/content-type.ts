import type { Refusal } from '@weir/core/wire/refusal';
import { nameAndValue, splitField } from '../parse/header-list.ts';
import { headerOf, type RequestHeaders } from '../request.ts';

/**
 * How a body is to be read. `json`: an event, an array of events or `{"events":[…]}`; `ndjson`: one
 * a line; `cloudevent` and `cloudevents`: exactly one, exactly an array; `binary`: the data of one
 * event whose attributes stand in `ce-*` headers.
 */
export type BodyForm = 'json' | 'ndjson' | 'cloudevent' | 'cloudevents' | 'binary';

export interface BodyKind {
  readonly form: BodyForm;
  /** As it was sent, in binary mode only: the event's `datacontenttype`, if it has one. */
  readonly contentType?: string | undefined;
}

const kinds: ReadonlyMap<string, BodyKind> = new Map([
  ['application/json', { form: 'json' }],
  ['application/x-ndjson', { form: 'ndjson' }],
  ['application/ndjson', { form: 'ndjson' }],
  ['application/jsonl', { form: 'ndjson' }],
  ['application/cloudevents+json', { form: 'cloudevent' }],
  ['application/cloudevents-batch+json', { form: 'cloudevents' }],
]);

/** What a 415 tells the sender to use instead; the other names of NDJSON are taken as well. */
const acceptedTypes: readonly string[] = [
  'application/json',
  'application/x-ndjson',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
];

const mediaTypes = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;

/** Reads Content-Type and the presence of `ce-*` headers, once a request. */
export function bodyKind(headers: RequestHeaders): BodyKind | Refusal {
  const contentType = headerOf(headers, 'content-type');
  const isBinary = headers['ce-specversion'] !== undefined || headers['ce-type'] !== undefined;
  // Nearly every request ends here: the exact spelling, without parameters.
  const exact = contentType === undefined ? undefined : kinds.get(contentType);
  if (exact !== undefined && !isBinary) return exact;
  if (contentType === undefined) return isBinary ? { form: 'binary' } : unnamed();
  return readContentType(contentType, isBinary);
}

function readContentType(contentType: string, isBinary: boolean): BodyKind | Refusal {
  const [first, ...parameters] = splitField(contentType, ';');
  const mediaType = (first as string).toLowerCase();
  if (!mediaTypes.test(mediaType)) return unknown(contentType);
  const isText = kinds.has(mediaType) || dataForm(mediaType) !== 'bytes';
  const charset = isText ? foreignCharset(parameters) : undefined;
  if (charset !== undefined) return onlyUtf8(charset);
  // A content type of CloudEvents' own beats the headers: that is the structured mode.
  if (isBinary && !mediaType.startsWith('application/cloudevents')) {
    return { form: 'binary', contentType };
  }
  return kinds.get(mediaType) ?? unknown(contentType);
}

/**
 * How data of this content type stands in a stored event: JSON as it is, text as a string, and
 * whatever else, or data that nobody gave a type, as base64.
 */
export function dataForm(contentType: string | undefined): 'json' | 'text' | 'bytes' {
  if (contentType === undefined) return 'bytes';
  const mediaType = (splitField(contentType, ';')[0] as string).toLowerCase();
  const isJson = mediaType === 'application/json' || mediaType === 'text/json';
  if (isJson || mediaType.endsWith('+json')) return 'json';
  return mediaType.startsWith('text/') ? 'text' : 'bytes';
}

function foreignCharset(parameters: readonly string[]): string | undefined {
  for (const parameter of parameters) {
    const { name, value } = nameAndValue(parameter);
    if (name === 'charset' && !/^utf-?8$/i.test(value)) return value;
  }
  return undefined;
}

function unnamed(): Refusal {
  return unsupported('no Content-Type');
}

function unknown(contentType: string): Refusal {
  return unsupported(`Content-Type ${JSON.stringify(contentType.slice(0, 40))}`);
}

function unsupported(given: string): Refusal {
  return {
    refused: 'unsupported_media_type',
    detail: `${given}: expected one of ${acceptedTypes.join(', ')}`,
    members: { accepted: acceptedTypes },
  };
}

function onlyUtf8(charset: string): Refusal {
  return {
    refused: 'unsupported_media_type',
    detail: `Content-Type: expected charset=utf-8, got ${JSON.stringify(charset.slice(0, 40))}`,
    members: { accepted: acceptedTypes },
  };
}
