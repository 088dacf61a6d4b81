import { isUtf8 } from 'node:buffer';
import type { StoredBatch } from '../spool/record.ts';
import type { Lines } from './lines.ts';
import { copyValue, skipSpace } from './scan-json.ts';

/** `application/json`, `text/json` and `…+json`, whatever parameters follow. */
const jsonType = /^\s*(?:application|text)\/json\s*(?:;|$)|^[^;]*\+json\s*(?:;|$)/i;
const textType = /^\s*text\//i;

/**
 * Appends the one event of a batch in binary mode, whose attributes came in headers, without its
 * closing brace: JSON as `data`, text as a string, anything else as `data_base64`.
 */
export function appendBinaryEvent(batch: StoredBatch, body: Buffer, lines: Lines): void {
  const attributes = JSON.stringify(batch.attributes ?? {});
  const type = batch.attributes?.datacontenttype ?? '';
  appendText(lines, attributes.slice(0, -1));
  if (body.length === 0) return;
  if (lines.bytes[lines.length - 1] !== 0x7b) appendText(lines, ',');
  if (jsonType.test(type)) {
    appendText(lines, '"data":');
    lines.reserve(body.length);
    copyValue(body, skipSpace(body, 0, body.length), body.length, lines);
  } else if (textType.test(type) && isUtf8(body)) {
    appendText(lines, `"data":${JSON.stringify(body.toString('utf8'))}`);
  } else {
    appendText(lines, `"data_base64":"${body.toString('base64')}"`);
  }
}

function appendText(lines: Lines, text: string): void {
  lines.reserve(text.length * 3);
  lines.length += lines.bytes.write(text, lines.length);
}
