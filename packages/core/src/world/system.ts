import type { Ms, World } from './world.ts';

// core has no Node types; these are the host functions it uses, declared where they are used.
interface Timer {
  unref?(): void;
}
declare const performance: { now(): number };
declare const crypto: { getRandomValues<T extends Uint8Array>(target: T): T };
declare function setTimeout(task: () => void, delayMs: number): Timer;
declare function clearTimeout(timer: Timer): void;

const longestTimerMs = 2_147_483_647; // beyond, hosts fire at once

/** The real clock and real chance. Its timers never keep a process alive. */
export const systemWorld: World = {
  now: () => performance.now(),
  date: () => Date.now(),
  // biome-ignore lint/plugin: this is the one place where chance comes from the host
  random: () => Math.random(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  after(delayMs: Ms, task: () => void): () => void {
    const timer = setTimeout(task, Math.min(longestTimerMs, Math.max(0, delayMs)));
    timer.unref?.();
    return () => clearTimeout(timer);
  },
};
