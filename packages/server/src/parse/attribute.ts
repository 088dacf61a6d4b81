import { missing, type RejectionCode, rejections } from '@weir/core/wire/event';

/** What is wrong with one attribute. A constant: making none keeps a bad batch cheap. */
export interface Problem {
  readonly code: RejectionCode;
  readonly text: string;
}

/** The attributes an event may lack, and those that weir must know are there, as bits. */
export const present: typeof missing & {
  readonly type: 16;
  readonly data: 32;
  readonly dataBase64: 64;
} = { ...missing, type: 16, data: 32, dataBase64: 64 };

const noType = expected('a non-empty string');
const noText = expected('a string');
const noId = expected('a non-empty string; leave it out and weir makes one');
const noSource = expected('a URI reference without spaces; leave it out and weir fills it in');
const noVersion = expected('"1.0"');
const noTime = expected('an RFC 3339 timestamp such as "2026-01-31T12:00:00Z"');
const noBase64 = expected('a base64 string (RFC 4648, padded)');
const noName = expected('a name of 1 to 64 characters of a-z and 0-9; other names go into data');
const noNull = expected('a value; null says nothing, so leave the attribute out');
const noValue = expected(
  'a string, a boolean or a whole number of 32 bits; other values go into data',
);
const reserved: Problem = { code: 'reserved_attribute', text: rejections.reserved_attribute };

/** What must be there is not. */
export const typeProblem: Problem = noType;

export function expected(what: string): Problem {
  return { code: 'invalid_attribute', text: `expected ${what}` };
}

/** The bit of `present` this attribute sets (0 where it has none), or what is wrong with it. */
export function checkAttribute(name: string, value: unknown): number | Problem {
  switch (name) {
    case 'type':
      return isFilled(value) ? present.type : noType;
    case 'id':
      return isFilled(value) ? present.id : noId;
    case 'source':
      return isUriReference(value) ? present.source : noSource;
    case 'time':
      return isTimestamp(value) ? present.time : noTime;
    case 'specversion':
      return value === '1.0' ? present.specversion : noVersion;
    case 'data':
      return present.data;
    case 'data_base64':
      return checkBase64(value);
    default:
      return checkOther(name, value);
  }
}

/** Attributes that weir stores and does not look into. */
function checkOther(name: string, value: unknown): number | Problem {
  if (typeof value === 'string') return checkName(name);
  const wrongName = checkName(name);
  if (wrongName !== 0) return wrongName;
  if (value === null) return noNull;
  if (name === 'subject' || name === 'datacontenttype' || name === 'dataschema') return noText;
  if (typeof value === 'boolean') return 0;
  // CloudEvents knows whole numbers of 32 bits alone; `| 0` leaves exactly those as they are.
  return typeof value === 'number' && (value | 0) === value ? 0 : noValue;
}

export const maxNameLength = 64;

function checkName(name: string): 0 | Problem {
  if (name.startsWith('weir')) return reserved;
  if (name.length === 0 || name.length > maxNameLength) return noName;
  for (let at = 0; at < name.length; at += 1) {
    if (!isNameCode(name.charCodeAt(at))) return noName;
  }
  return 0;
}

/** Names are made of a-z and 0-9. */
export function isNameCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** Light on purpose: what no URI reference may hold is a space or a control character. */
function isUriReference(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code <= 0x20 || code === 0x7f) return false;
  }
  return value !== '';
}

function checkBase64(value: unknown): number | Problem {
  const isBase64 =
    typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
  return isBase64 ? present.dataBase64 : noBase64;
}

const timestamps =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** RFC 3339, days of the month and leap years included; `:60` is a leap second. */
function isTimestamp(value: unknown): boolean {
  const found = typeof value === 'string' ? timestamps.exec(value) : null;
  if (found === null) return false;
  const day = Number(found[3]);
  return day >= 1 && day <= daysIn(Number(found[1]), Number(found[2]));
}

/** 0 where there is no such month. */
function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}
