/** Where a Redis is, as its URL says. */
export interface RedisPlace {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly isTls: boolean;
}

/** Throws a TypeError where the text is no URL of a Redis. */
export function placeOf(url: string): RedisPlace {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const db = Number(pathname.slice(1) || '0');
  if (!/^rediss?:$/.test(protocol) || hostname === '' || !Number.isInteger(db)) {
    throw new TypeError('not the URL of a Redis');
  }
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || '6379'),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    db,
    isTls: protocol === 'rediss:',
  };
}
