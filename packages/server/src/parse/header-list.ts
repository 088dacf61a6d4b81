/**
 * The parts of a header field between `separator`s, trimmed; a separator inside a quoted string
 * separates nothing. A quote that is never closed reaches to the end.
 */
export function splitField(field: string, separator: ',' | ';'): string[] {
  if (!field.includes('"')) return field.split(separator).map((part) => part.trim());
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < field.length; at += 1) {
    const char = field[at];
    if (char === '"') quoted = !quoted;
    else if (char === '\\' && quoted) at += 1;
    else if (char === separator && !quoted) {
      parts.push(field.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(field.slice(from).trim());
  return parts;
}

/** `name=value` taken apart: the name in lower case, the value without its quotes, or ''. */
export function nameAndValue(part: string): { readonly name: string; readonly value: string } {
  const equals = part.indexOf('=');
  if (equals === -1) return { name: part.toLowerCase(), value: '' };
  const name = part.slice(0, equals).trim().toLowerCase();
  return { name, value: unquote(part.slice(equals + 1).trim()) };
}

/** The content of a quoted string (RFC 9110), or the text as it is where it is not one. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}
