interface ByteLength {
  byteLength(text: string): number;
}
const host = (globalThis as { Buffer?: ByteLength }).Buffer;

/** Bytes of a text in UTF-8, without making them. */
export const utf8Length: (text: string) => number =
  host === undefined ? countBytes : (text) => host.byteLength(text);

/** For runtimes without `Buffer`. A lone surrogate becomes U+FFFD, three bytes, as encoders do it. */
export function countBytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit < 0xd800 || unit > 0xdbff || !isLow(text.charCodeAt(i + 1))) bytes += 2;
    else {
      bytes += 2; // a pair: four bytes for two units
      i += 1;
    }
  }
  return bytes;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
