import { parseScenario, type QuotaScenario, type Tells } from '../scenario.ts';

/** All that the page can be set to; its address holds the same. */
export interface PageSettings {
  readonly first: string;
  readonly second: string;
  readonly seed: number;
  readonly clients: number;
  readonly perMinute: number;
  readonly burst: number;
  readonly initial: number;
  readonly minutes: number;
  readonly roundTripMs: number;
  readonly tells: Tells;
  /** From half time on the quota earns so many times as much. */
  readonly later: number;
  /** So many more clients come for the middle third. */
  readonly extra: number;
}

export type NumberName = {
  [Name in keyof PageSettings]: PageSettings[Name] extends number ? Name : never;
}[keyof PageSettings];

export interface NumberField {
  readonly name: NumberName;
  readonly label: string;
  readonly unit: string;
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

const field = (
  [name, label, unit]: readonly [NumberName, string, string],
  [least, most, step]: readonly [number, number, number],
): NumberField => ({ name, label, unit, least, most, step });

export const quotaFields: readonly NumberField[] = [
  field(['perMinute', 'Rate', 'tokens a minute'], [1, 6_000, 1]),
  field(['burst', 'Burst', 'tokens'], [1, 10_000, 1]),
  field(['initial', 'Left at the start', 'tokens'], [0, 10_000, 1]),
];

export const senderFields: readonly NumberField[] = [
  field(['clients', 'Senders', ''], [1, 200, 1]),
  field(['minutes', 'Time', 'minutes'], [1, 180, 1]),
  field(['roundTripMs', 'Round trip', 'ms'], [1, 2_000, 1]),
  field(['seed', 'Seed', ''], [0, 9_999, 1]),
];

export const faultFields: readonly NumberField[] = [
  field(['later', 'Rate from half time on', 'times'], [0.1, 10, 0.1]),
  field(['extra', 'More senders in the middle third', ''], [0, 200, 1]),
];

export const tellsChoices: readonly (readonly [Tells, string])[] = [
  ['hints', 'hints: slots, limits, Retry-After'],
  ['headers', 'headers: limits and Retry-After'],
  ['remaining', 'RateLimit-Remaining alone'],
  ['retry-after', 'Retry-After alone, in seconds'],
  ['status', 'nothing but 429'],
];

const start: PageSettings = {
  first: 'weir',
  second: 'heroku-remaining',
  seed: 1,
  clients: 10,
  perMinute: 75,
  burst: 4_500,
  initial: 0,
  minutes: 30,
  roundTripMs: 30,
  tells: 'hints',
  later: 1,
  extra: 0,
};

/** Settings to begin with, after scenarios that the simulator knows by these names. */
export const presets: ReadonlyMap<string, PageSettings> = new Map([
  ['H1: ten senders, nothing left', start],
  ['H3: a hundred senders', { ...start, clients: 100 }],
  ['H4: the rate is four times as high', { ...start, minutes: 60, later: 4 }],
  ['H5: forty more senders for a while', { ...start, perMinute: 300, minutes: 90, extra: 40 }],
  ['H6: a full burst', { ...start, initial: 4_500 }],
]);

const numbers = [...quotaFields, ...senderFields, ...faultFields];

/** What an address says; what it leaves out, or says wrongly, is as at the start. */
export function settingsFrom(hash: string, strategies: readonly string[]): PageSettings {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const settings: Record<string, unknown> = { ...start };
  for (const { name, least, most } of numbers) {
    const text = given.get(name);
    const value = Number(text);
    if (text !== null && text !== '' && value >= least && value <= most) settings[name] = value;
  }
  for (const name of ['first', 'second']) {
    const strategy = given.get(name);
    if (strategy !== null && strategies.includes(strategy)) settings[name] = strategy;
  }
  const tells = tellsChoices.find(([choice]) => choice === given.get('tells'));
  if (tells !== undefined) settings.tells = tells[0];
  return settings as unknown as PageSettings;
}

/** The address of these settings, all of them, so that it means the same tomorrow. */
export function hashOf(settings: PageSettings): string {
  return `#${new URLSearchParams(Object.entries(settings).map(([name, value]) => [name, `${value}`]))}`;
}

/** What is to be run. Throws a `ScenarioError` where it cannot be. */
export function scenarioOf(settings: PageSettings): QuotaScenario {
  const { clients, perMinute, burst, initial, minutes, roundTripMs, tells, later, extra } =
    settings;
  const durationMs = minutes * 60_000;
  const quota = { tokens: perMinute, periodMs: 60_000, burst };
  const laterQuota = { ...quota, tokens: Math.max(1, Math.round(perMinute * later)) };
  const third = Math.round(durationMs / 3);
  return parseScenario({
    kind: 'quota',
    id: 'page',
    durationMs,
    server: {
      quota,
      initialTokens: Math.min(initial, burst),
      tells,
      changes: later === 1 ? [] : [{ atMs: durationMs / 2, quota: laterQuota }],
    },
    network: { roundTripMs: [roundTripMs * 0.5, roundTripMs * 1.5] },
    clients: [
      { processes: clients },
      ...(extra === 0 ? [] : [{ processes: extra, startMs: [third, third], stopMs: 2 * third }]),
    ],
  }) as QuotaScenario;
}
