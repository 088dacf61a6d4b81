import { type DestinationStream, type Logger, pino } from 'pino';
import type { Settings } from './config.ts';
import { withoutSecrets } from './problems.ts';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

/**
 * JSON lines on standard output, one a happening, from `LOG_LEVEL` up. Whoever logs passes no key
 * and no event; a key that slips into a line all the same is cut out of it.
 */
export function makeLog({ logLevel }: Pick<Settings, 'logLevel'>, to?: DestinationStream): Log {
  const options = {
    level: logLevel,
    base: { name: 'weir' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: withoutSecrets },
  };
  return to === undefined ? pino(options) : pino(options, to);
}
