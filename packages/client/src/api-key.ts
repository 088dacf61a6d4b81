const pattern = /^weir_([0-9a-z]{12})_[0-9A-Za-z]{43,}$/;

/** The part of a key that is no secret; undefined where it is no key of weir. */
export function parseKeyId(key: string): string | undefined {
  return pattern.exec(key)?.[1];
}

/** Names a key without telling it: its id, or where it has none, a part of its SHA-256. */
export async function identityOfKey(key: string): Promise<string> {
  const id = parseKeyId(key);
  if (id !== undefined) return id;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
  const bytes = new Uint8Array(digest).subarray(0, 12);
  return `sha256-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
