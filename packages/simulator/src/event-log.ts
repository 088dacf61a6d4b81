import type { Observer } from './run.ts';

/**
 * Writes each attempt as a line of NDJSON, instants in whole µs, in order of arrival. The same
 * scenario, strategy and seed give the same bytes on every engine.
 */
export function eventLog(write: (line: string) => void): Observer {
  return ({ client, request, sleptUs, sentUs, arrivedUs, repliedUs, ...decided }) => {
    const { admitted, remaining, nextMs } = decided;
    const next = nextMs === undefined ? '' : `,"nextMs":${nextMs}`;
    write(
      `{"client":${client},"request":${request},"sleptUs":${sleptUs},"sentUs":${sentUs},` +
        `"arrivedUs":${arrivedUs},"repliedUs":${repliedUs},"admitted":${admitted},` +
        `"remaining":${remaining}${next}}\n`,
    );
  };
}
