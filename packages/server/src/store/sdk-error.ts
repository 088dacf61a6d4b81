/** What can be told from an error that the SDK throws, whatever kind it is of. */
interface SdkError {
  readonly name?: unknown;
  readonly Code?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** undefined where no answer came. */
export function statusOf(error: unknown): number | undefined {
  return (error as SdkError).$metadata?.httpStatusCode;
}

/** What the answer calls itself, else what the SDK calls it. */
export function codeOf(error: unknown): string {
  const { Code, name } = error as SdkError;
  if (typeof Code === 'string') return Code;
  return typeof name === 'string' ? name : 'unknown';
}

/** Node's, where the connection failed. */
export function networkCodeOf(error: unknown): string | undefined {
  const { code } = error as SdkError;
  return typeof code === 'string' ? code : undefined;
}

/** The name that was looked for; with the bucket in it, unless that stands in the path. */
export function hostOf(error: unknown): string {
  const { hostname } = error as { readonly hostname?: unknown };
  return typeof hostname === 'string' ? hostname : 'of the store';
}

/** Where the bucket is, if the answer tells. */
export function hintOf(error: unknown): string {
  const { $response, ...rest } = error as SdkError & { readonly Region?: unknown };
  const region = $response?.headers?.['x-amz-bucket-region'] ?? rest.Region;
  return typeof region === 'string' ? ` to ${region}` : " to the bucket's";
}
