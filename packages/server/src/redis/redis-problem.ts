/** What an error of a connection means for whoever set it up. Its own words stand behind, in brackets. */
interface Meaning {
  /** Found in the error's code or at the beginning of its message. */
  readonly of: RegExp;
  /** Only with TLS, only without, or undefined for both. */
  readonly isTls?: boolean;
  readonly means: string;
}

const meanings: readonly Meaning[] = [
  {
    of: /^WRONGPASS/,
    means: 'it refuses the user name or the password that stand in REDIS_URL',
  },
  {
    of: /^NOAUTH/,
    means:
      'it wants a password: REDIS_URL=redis://USER:PASSWORD@HOST:PORT, without USER for the default one',
  },
  {
    of: /^NOPERM/,
    means: 'its user lacks permissions: docs/redis.md says which it needs',
  },
  {
    of: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_UNTRUSTED)/,
    means:
      'its certificate comes from nobody trusted here: NODE_EXTRA_CA_CERTS names a file of authorities of your own',
  },
  {
    of: /^(ETIMEDOUT|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)/,
    isTls: true,
    means:
      'there was no TLS handshake within a second: if the port speaks no TLS, REDIS_URL begins with redis://',
  },
  {
    of: /^ECONNRESET/,
    isTls: false,
    means: 'it ended the connection: if the port speaks TLS, REDIS_URL begins with rediss://',
  },
];

/** Why Redis cannot be used, in a sentence that says what to do where that can be told. */
export function explainRedis(error: Error, isTls: boolean): string {
  // An error of several attempts has no message of its own.
  if (error instanceof AggregateError) {
    return (error.errors as Error[]).map((one) => explainRedis(one, isTls)).join('; ');
  }
  const last = 'lastNodeError' in error ? (error.lastNodeError as Error | null) : null;
  if (last !== null) return `${error.message} ${explainRedis(last, isTls)}`;
  const { message } = error;
  const code = 'code' in error ? String(error.code) : '';
  const found = meanings.find(
    (one) => (one.of.test(code) || one.of.test(message)) && (one.isTls ?? isTls) === isTls,
  );
  return found === undefined ? message : `${found.means} (${message.trim()})`;
}
