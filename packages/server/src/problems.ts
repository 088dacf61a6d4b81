/** What is wrong with something a person wrote: all of it at once, one line each, place first. */
export interface Problems {
  readonly problems: readonly string[];
}

export function hasProblems(value: object): value is Problems {
  return 'problems' in value;
}

const keyShape = /weir_([0-9A-Za-z]*)_[0-9A-Za-z]{16,}/g; // misspelt ones as well
const passwordInUrl = /(:\/\/[^\s/:@]*):[^\s/@]+@/g;

/** The same text without the secret of any key and without any password in a URL. */
export function withoutSecrets(text: string): string {
  return text.replace(keyShape, 'weir_$1_(hidden)').replace(passwordInUrl, '$1:(hidden)@');
}

/** What was given, to be shown to whoever gave it: short, on one line, without secrets. */
export function showGiven(value: unknown): string {
  const text = withoutSecrets(JSON.stringify(value) ?? String(value));
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
