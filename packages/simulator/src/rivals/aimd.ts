import type { Strategy } from '../model/strategy.ts';
import { lonely } from './rival.ts';

const firstPerSecond = 10;
const leastPerSecond = 1 / 600;
const stepPerSecond = 0.01;
const kept = 0.5;

/**
 * D.-M. Chiu and R. Jain, Computer Networks and ISDN Systems 17 (1989): a rate that grows by a step
 * with each success and halves with each refusal, as TCP's window does. Half of a gap is drawn, so
 * that senders who were refused together part.
 */
export const aimd: Strategy = lonely(
  'aimd',
  'paces at a rate: +0.01/s with a success, ÷2 with a 429 (Chiu and Jain, 1989)',
  ({ random }) => {
    let perSecond = firstPerSecond;
    const gapMs = () => (1_000 / perSecond) * (0.5 + random());
    let nextMs = 0;
    return {
      beforeMs: (nowMs, attempt) => (attempt > 0 ? 0 : Math.max(0, nextMs - nowMs)),
      afterMs({ cause }, nowMs) {
        perSecond =
          cause === 'ok' ? perSecond + stepPerSecond : Math.max(leastPerSecond, perSecond * kept);
        const waitMs = gapMs();
        nextMs = nowMs + waitMs;
        return waitMs;
      },
    };
  },
);
