import type { Ms } from '../world/world.ts';

const pattern =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const dayMs = 86_400_000;

/**
 * Milliseconds since 1970 of a date as HTTP sends it: `Sun, 06 Nov 1994 08:49:37 GMT`. undefined
 * for anything else, the two obsolete forms included. The weekday is not checked.
 */
export function parseHttpDate(text: string): Ms | undefined {
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const [day, year, hour, minute, second] = [1, 3, 4, 5, 6].map((i) => Number(found[i]));
  const month = months.indexOf(found[2] as string) / 3 + 1;
  const days = daysSince1970(year as number, month, day as number);
  if (days === undefined) return undefined;
  const seconds = (hour as number) * 3_600 + (minute as number) * 60 + (second as number);
  const inTheDay = (hour as number) < 24 && (minute as number) < 60 && (second as number) <= 60;
  return inTheDay ? days * dayMs + seconds * 1_000 : undefined;
}

/** undefined where there is no such day. */
function daysSince1970(year: number, month: number, day: number): number | undefined {
  if (!Number.isInteger(month) || month < 1 || day < 1 || day > lengthOf(month, year)) {
    return undefined;
  }
  // Years begin in March here, so that a leap day is the last day of its year.
  const fromMarch = (month + 9) % 12;
  const civilYear = month <= 2 ? year - 1 : year;
  const leapDays =
    Math.floor(civilYear / 4) - Math.floor(civilYear / 100) + Math.floor(civilYear / 400);
  const dayOfYear = Math.floor((153 * fromMarch + 2) / 5) + day - 1;
  return civilYear * 365 + leapDays + dayOfYear - 719_468;
}

function lengthOf(month: number, year: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}
