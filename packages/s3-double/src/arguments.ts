import { parseArgs } from 'node:util';
import { changeFaults } from './change-faults.ts';
import { type Faults, noFaults, type OutageKind } from './faults.ts';
import type { S3DoubleOptions } from './server.ts';

/** What the program was told to do. */
export interface Arguments {
  readonly double: S3DoubleOptions;
  readonly controlPort: number;
  readonly outage: Outage | undefined;
}

/** An outage at a time known from the start. */
export interface Outage {
  readonly kind: OutageKind;
  readonly afterMs: number;
  readonly forMs: number;
}

const text = { type: 'string' } as const;

/** Throws with a sentence for what cannot be understood. Each number or switch of `Faults` is an option. */
export function readArguments(args: readonly string[]): Arguments {
  const usual = Object.entries(noFaults()).filter(([, value]) => typeof value !== 'object');
  const faultNames = new Map(usual.map(([name]) => [optionOf(name), name]));
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { ...text, default: '0' },
      'control-port': { ...text, default: '0' },
      bucket: { ...text, multiple: true, default: ['weir'] },
      'access-key': { ...text, default: 'test' },
      secret: { ...text, default: 'test-secret' },
      'session-token': text,
      region: { ...text, default: 'us-east-1' },
      seed: { ...text, default: '1' },
      'outage-after-ms': text,
      'outage-ms': text,
      ...Object.fromEntries([...faultNames.keys()].map((option) => [option, text])),
    },
  });
  const faults = noFaults();
  for (const [option, name] of faultNames) {
    const value = (values as Record<string, unknown>)[option];
    if (typeof value === 'string') changeFaults(faults, { [name]: readFault(name, value) });
  }
  const { 'session-token': sessionToken } = values;
  return {
    double: {
      port: whole('port', values.port),
      buckets: values.bucket,
      credentials: [
        {
          accessKeyId: values['access-key'],
          secretAccessKey: values.secret,
          ...(sessionToken === undefined ? {} : { sessionToken }),
        },
      ],
      region: values.region,
      seed: whole('seed', values.seed),
      faults: values['outage-ms'] === undefined ? faults : { ...faults, outage: undefined },
    },
    controlPort: whole('control-port', values['control-port']),
    outage: outageOf(values['outage-after-ms'], values['outage-ms'], faults),
  };
}

/** With times, `--outage` says what kind it will be; without, there is one from the start. */
function outageOf(
  afterMs: string | undefined,
  forMs: string | undefined,
  faults: Faults,
): Outage | undefined {
  if (forMs === undefined) return undefined;
  return {
    kind: faults.outage ?? 'reset',
    afterMs: whole('outage-after-ms', afterMs ?? '0'),
    forMs: whole('outage-ms', forMs),
  };
}

function optionOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function readFault(name: string, value: string): unknown {
  if (name === 'outage') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // which is no fault, and is told so
  }
}

function whole(name: string, value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new Error(`--${name} must be a whole number, not ${value}`);
}
