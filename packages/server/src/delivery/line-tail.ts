/** What weir wrote at the end of a stored line. */
export interface LineTail {
  readonly tenant: string;
  readonly receipt: string;
}

/** Longer than any tail: a tenant has 63 bytes, a receipt 43, the names around them 35. */
const mostBytes = 160;
const pattern = /"weirtenant":"([^"]+)","weirreceipt":"([^"]+)"\}$/;

/** undefined where the line is none of ours. */
export function readTail(line: Buffer): LineTail | undefined {
  const text = line.toString('latin1', Math.max(0, line.length - mostBytes));
  const found = pattern.exec(text);
  if (found === null) return undefined;
  return { tenant: found[1] as string, receipt: found[2] as string };
}
