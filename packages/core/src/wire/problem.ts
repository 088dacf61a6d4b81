import { type Refusal, type RefusalCode, refusals } from './refusal.ts';
import { fields, paths } from './routes.ts';

/** A problem document (RFC 9457): the body of every reply that is a refusal. */
export interface Problem {
  /** Names the kind of problem: a registered URI, or the path of a page that this server has. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: RefusalCode;
  readonly detail: string;
  /** Such as `quota`, `cost`, `burst`, `exact`, and `retry-after-ms` where waiting helps. */
  readonly [member: string]: unknown;
}

const registered = 'https://iana.org/assignments/http-problem-types#';

/** What a refused request is told. A plain object; a refusal's own members never replace the rest. */
export function problemOf(refusal: Refusal): Problem {
  const { refused, detail, retryAfterMs, members } = refusal;
  const { status, title } = refusals[refused];
  const problem = { ...members, type: typeOf(refused), title, status, code: refused, detail };
  if (retryAfterMs === undefined || !Number.isFinite(retryAfterMs)) return problem;
  return { ...problem, [fields.retryAfterMs]: Math.ceil(retryAfterMs) };
}

/**
 * `problemOf` as JSON text. What a code alone decides is text already: under overload this is made
 * for every request, and takes a third of the time of stringifying the whole.
 */
export function problemText(refusal: Refusal): string {
  const { refused, detail, retryAfterMs, members } = refusal;
  const own = members === undefined ? '{' : JSON.stringify(members).slice(0, -1);
  const text = `${own}${own === '{' ? '' : ','}${headOf(refused)}${JSON.stringify(detail)}`;
  if (retryAfterMs === undefined || !Number.isFinite(retryAfterMs)) return `${text}}`;
  return `${text},"${fields.retryAfterMs}":${Math.ceil(retryAfterMs)}}`;
}

/** At most one for each code. */
const heads = new Map<RefusalCode, string>();

function headOf(code: RefusalCode): string {
  let head = heads.get(code);
  if (head === undefined) {
    const { status, title } = refusals[code];
    const fixed = JSON.stringify({ type: typeOf(code), title, status, code });
    head = `${fixed.slice(1, -1)},"detail":`;
    heads.set(code, head);
  }
  return head;
}

function typeOf(code: RefusalCode): string {
  if (code === 'rate_limited') return `${registered}quota-exceeded`;
  if (code === 'abnormal_usage') return `${registered}abnormal-usage-detected`;
  if (refusals[code].status === 503) return `${registered}temporary-reduced-capacity`;
  return paths.problems + code;
}
