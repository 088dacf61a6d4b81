import { type Agent, request } from 'node:http';
import type { Reply } from './sender.ts';

export interface Question {
  readonly method?: string;
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
}

/** One request, of any method and to any path; rejects where no whole answer came. */
export function ask(url: string, question: Question = {}): Promise<Reply> {
  const { method = 'GET', key, headers = {}, body, agent } = question;
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const own: Record<string, string | number> = {};
  if (key !== undefined) own.authorization = `Bearer ${key}`;
  if (body !== undefined) own['content-length'] = Buffer.byteLength(body);
  const options = { method, headers: { ...own, ...headers }, ...(agent ? { agent } : {}) };
  const sent = request(url, options, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }),
    );
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
