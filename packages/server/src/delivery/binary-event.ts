import { dataForm } from '../body/content-type.ts';
import type { StoredBatch } from '../spool/record.ts';
import type { Lines } from './lines.ts';
import { copyValue, skipSpace } from './scan-json.ts';

/**
 * Appends the one event of a batch in binary mode, whose attributes came in headers, without its
 * closing brace: JSON as `data`, text as a string, anything else as `data_base64`.
 */
export function appendBinaryEvent(batch: StoredBatch, body: Buffer, lines: Lines): void {
  const form = dataForm(batch.attributes?.datacontenttype);
  appendText(lines, JSON.stringify(batch.attributes ?? {}).slice(0, -1));
  if (body.length === 0) return;
  if (form === 'json') {
    appendText(lines, ',"data":');
    lines.reserve(body.length);
    copyValue(body, skipSpace(body, 0, body.length), body.length, lines);
  } else if (form === 'text') {
    appendText(lines, `,"data":${JSON.stringify(body.toString('utf8'))}`);
  } else {
    appendText(lines, `,"data_base64":"${body.toString('base64')}"`);
  }
}

function appendText(lines: Lines, text: string): void {
  lines.reserve(text.length * 3);
  lines.length += lines.bytes.write(text, lines.length);
}
