import { GoProgram, mayBuild } from './go-program.ts';
import { jaeger } from './jaeger-program.ts';

const versitygw = new GoProgram({
  program: 'versitygw',
  version: '1.8.0',
  module: 'github.com/versity/versitygw/cmd/versitygw',
});

/** Where it lies, on the PATH or in the cache; undefined where it would have to be compiled. */
export function findVersitygw(): string | undefined {
  return versitygw.find();
}

/** The path of the program; compiles it, or waits for who does so already. */
export function provideVersitygw(): Promise<string> {
  return versitygw.provide();
}

/**
 * Starts to compile what will be needed, one after the other, and lets the tests begin.
 *
 * @public for vitest's `globalSetup`
 */
export function setup(): void {
  if (!mayBuild()) return;
  // Where it fails, the tests that need it try once more and tell why.
  const later = (): Promise<unknown> => jaeger.provide().catch(() => undefined);
  void versitygw.provide().then(later, later);
}

/**
 * Ends what nobody waits for any more.
 *
 * @public for vitest's `globalSetup`
 */
export async function teardown(): Promise<void> {
  await versitygw.abandon();
  await jaeger.abandon();
}
