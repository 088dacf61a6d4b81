/** What follows is XML as S3 writes it: no indentation, UTF-8. */
export function xmlDocument(name: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xmlElement(name, content)}`;
}

/** `content` is XML already. */
export function xmlElement(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

/** An element that holds this text, whatever characters are in it. */
export function xmlText(name: string, text: string | number): string {
  return xmlElement(name, escapeXml(`${text}`));
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapeXml(text: string): string {
  // Control characters as S3 has them: as references, though XML 1.0 forbids most of them.
  return text.replace(
    /[&<>"\p{Cc}]/gu,
    (found) => escapes[found] ?? `&#x${found.charCodeAt(0).toString(16)};`,
  );
}
