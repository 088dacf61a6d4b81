import type { RequestHead } from './request-head.ts';

/** What a request asks for; `other` is what the double does not know. */
export type RequestKind = 'put' | 'get' | 'head' | 'delete' | 'list' | 'head-bucket' | 'other';

const ofKeys: Readonly<Record<string, RequestKind>> = {
  PUT: 'put',
  GET: 'get',
  HEAD: 'head',
  DELETE: 'delete',
};
/** Parameters of a listing; the SDK adds `x-id`, the name of the operation, to any request. */
const listParameters = new Set([
  'list-type',
  'prefix',
  'delimiter',
  'max-keys',
  'continuation-token',
  'start-after',
  'encoding-type',
  'fetch-owner',
  'x-id',
]);

export function kindOf({ method, bucket, key, query }: RequestHead): RequestKind {
  const parameters = [...query.keys()];
  if (bucket === '') return 'other';
  if (key !== '') {
    return parameters.every((name) => name === 'x-id') ? (ofKeys[method] ?? 'other') : 'other';
  }
  if (method === 'HEAD') return 'head-bucket';
  const isList = query.get('list-type') === '2' && parameters.every((n) => listParameters.has(n));
  return method === 'GET' && isList ? 'list' : 'other';
}
