import type { Decision, NamedQuota } from '../admission.ts';
import { greatestCommonDivisor, type Verdict } from '../gcra.ts';
import type { Ms } from '../world/world.ts';
import { parseHttpDate } from './http-date.ts';
import { fields } from './routes.ts';
import { type ListItem, parseList, quote } from './structured-list.ts';

// The one place that knows draft-ietf-httpapi-ratelimit-headers-11; later drafts rename fields.

/** The values of the two rate fields of a reply. */
export interface RateLimitFields {
  readonly policy: string;
  readonly limit: string;
}

/** What a reply tells of one quota; undefined where it does not say. */
export interface Limit {
  readonly name: string;
  /** Tokens that may be spent at this instant. */
  readonly remaining: number | undefined;
  /** No more than `remaining` within this time. */
  readonly withinMs: Ms | undefined;
  /** So many tokens are earned… */
  readonly tokens: number | undefined;
  /** … in each such time. */
  readonly periodMs: Ms | undefined;
  readonly burst: number | undefined;
  readonly unit: 'requests' | 'bytes' | undefined;
}

/** What a reply tells of when and how much to send. */
export interface RateNews {
  readonly retryAfterMs: Ms | undefined;
  readonly limits: readonly Limit[];
}

const largestInteger = 999_999_999_999_999; // of a structured field: 15 digits
const secondUs = 1_000_000;
const burstKey = 'weir-burst';
const units = { requests: 'requests', bytes: 'content-bytes' } as const; // no name for events is registered

/** Made once per quota, since every reply names one and they hardly ever change. */
const staticParts = new WeakMap<NamedQuota, { policy: string; limit: string }>();

/**
 * The rate fields of a reply: of the tightest quota where the request was allowed, of all violated
 * ones where it was refused. undefined where there is nothing to tell.
 */
export function encodeRateLimit(
  quotas: readonly NamedQuota[],
  decision: Decision,
): RateLimitFields | undefined {
  if (!decision.allowed) return encodeViolated(quotas, decision);
  const quota = quotas[decision.tightest];
  const verdict = decision.verdicts[decision.tightest];
  if (quota === undefined || verdict === undefined) return undefined;
  return fieldsOf(quota, verdict);
}

/** The part of `RateLimit-Policy` that one quota makes: it does not change with what is left. */
export function encodePolicy(quota: NamedQuota): string {
  return staticPartsOf(quota).policy;
}

/**
 * Retry-After for a wait: whole seconds, rounded up, at least 1. From 10 s on up to a tenth is
 * added by `lot`, so that those refused together do not come back together; never is any taken away.
 *
 * @param lot uniform in [0, 1)
 */
export function retryAfterSeconds(waitMs: Ms, lot: number): number {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return seconds < 10 ? seconds : seconds + Math.floor((seconds / 10) * lot);
}

/**
 * Reads what a reply says, of this server or of any other: each field may be missing or malformed,
 * and parameters that are not known are passed over.
 *
 * @param get the value of a header by its name in lower case
 * @param dateMs the wall clock, for a Retry-After that is a date
 */
export function decodeRateNews(
  get: (name: string) => string | null | undefined,
  dateMs: Ms,
): RateNews {
  const policies = parseList(get(fields.rateLimitPolicy) ?? '') ?? [];
  const limits = parseList(get(fields.rateLimit) ?? '') ?? [];
  const names = new Set<string>();
  for (const { value } of [...limits, ...policies]) if (typeof value === 'string') names.add(value);
  return {
    retryAfterMs: decodeRetryAfter(get, dateMs),
    limits: names.size > 0 ? [...names].map((n) => limitOf(n, policies, limits)) : lonely(get),
  };
}

/** What servers say that know none of these fields, such as Heroku's: what is left of some quota. */
function lonely(get: (name: string) => string | null | undefined): readonly Limit[] {
  const remaining = wholeNumber(get(fields.rateLimitRemaining));
  if (remaining === undefined) return [];
  const untold = { withinMs: undefined, tokens: undefined, periodMs: undefined, burst: undefined };
  return [{ name: fields.rateLimitRemaining, remaining, ...untold, unit: undefined }];
}

function encodeViolated(
  quotas: readonly NamedQuota[],
  { violated, verdicts }: Decision,
): RateLimitFields {
  const [first = 0] = violated;
  if (violated.length === 1)
    return fieldsOf(quotas[first] as NamedQuota, verdicts[first] as Verdict);
  const parts = violated.map((i) => fieldsOf(quotas[i] as NamedQuota, verdicts[i] as Verdict));
  return {
    policy: parts.map(({ policy }) => policy).join(', '),
    limit: parts.map(({ limit }) => limit).join(', '),
  };
}

function fieldsOf(quota: NamedQuota, verdict: Verdict): RateLimitFields {
  const { policy, limit } = staticPartsOf(quota);
  return { policy, limit: limit + variablePart(verdict) };
}

function variablePart({ remaining, nextUs }: Verdict): string {
  const left = Math.min(remaining, largestInteger);
  return nextUs === 0 ? `${left}` : `${left};t=${Math.ceil(nextUs / secondUs)}`;
}

function staticPartsOf(quota: NamedQuota): { policy: string; limit: string } {
  let parts = staticParts.get(quota);
  if (parts === undefined) {
    parts = staticPartsOfNew(quota);
    staticParts.set(quota, parts);
  }
  return parts;
}

function staticPartsOfNew(named: NamedQuota): { policy: string; limit: string } {
  const name = quote(named.name);
  const { q, w } = wholeSeconds(named.quota);
  const unit = named.unit === 'events' ? '' : `;qu="${units[named.unit]}"`;
  const burst = Math.min(named.quota.burst, largestInteger);
  return {
    policy: `${name};q=${q};w=${w}${unit};${burstKey}=${burst}`,
    limit: `${name};r=`,
  };
}

/**
 * The same rate with a window of whole seconds: as it was written where its period is whole seconds,
 * else in the shortest window in which it earns a whole number of tokens. Only where that has more
 * than 15 digits is it rounded, downward.
 */
function wholeSeconds({ tokens, periodUs, p, r }: NamedQuota['quota']): { q: number; w: number } {
  const asWritten = { q: tokens, w: periodUs / secondUs };
  const divisor = greatestCommonDivisor(p, secondUs);
  const scaled = { q: (secondUs / divisor) * r, w: p / divisor };
  const { q, w: seconds } = Number.isInteger(asWritten.w) ? asWritten : scaled;
  if (Math.max(q, seconds) <= largestInteger) return { q, w: seconds };
  const rounded = Math.max(1, Math.ceil(asWritten.w));
  const earned = Math.floor((tokens / periodUs) * secondUs * rounded);
  return { q: Math.min(earned, largestInteger), w: rounded };
}

function limitOf(name: string, policies: readonly ListItem[], limits: readonly ListItem[]): Limit {
  const policy = parametersOf(name, policies);
  const limit = parametersOf(name, limits);
  const unit = policy?.get('qu');
  return {
    name,
    remaining: count(limit, 'r'),
    withinMs: seconds(limit, 't'),
    tokens: count(policy, 'q'),
    periodMs: seconds(policy, 'w'),
    burst: count(policy, burstKey),
    unit: unit === units.requests ? 'requests' : unit === units.bytes ? 'bytes' : undefined,
  };
}

type Parameters = ListItem['parameters'] | undefined;

function parametersOf(name: string, items: readonly ListItem[]): Parameters {
  return items.find(({ value }) => value === name)?.parameters;
}

function count(parameters: Parameters, key: string): number | undefined {
  const value = parameters?.get(key);
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function seconds(parameters: Parameters, key: string): Ms | undefined {
  const value = count(parameters, key);
  return value === undefined ? undefined : value * 1_000;
}

/** The finer of the two where both are sent. */
function decodeRetryAfter(
  get: (name: string) => string | null | undefined,
  dateMs: Ms,
): Ms | undefined {
  const fine = wholeNumber(get(fields.retryAfterMs));
  if (fine !== undefined) return fine;
  const text = get(fields.retryAfter)?.trim();
  const waitSeconds = wholeNumber(text);
  if (waitSeconds !== undefined) return waitSeconds * 1_000;
  const untilMs = text === undefined ? undefined : parseHttpDate(text);
  return untilMs === undefined ? undefined : Math.max(0, untilMs - dateMs);
}

/** Longer ones than 12 digits count as the largest of these: an absurd wait is still a wait. */
function wholeNumber(text: string | null | undefined): number | undefined {
  const digits = /^\s*(\d+)\s*$/.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Math.min(Number(digits), 999_999_999_999);
}
