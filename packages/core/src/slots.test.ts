import { expect, test } from 'vitest';
import { decide } from './admission.ts';
import { compileQuota, type RateState } from './gcra.ts';
import { type KeyedQuota, Slots } from './quota-slots.ts';
import { offerSlot, slotBounds } from './slots.ts';

const second = 1_000_000;
const t0 = 1_790_000_000 * second;

/** One quota of a request a second, and senders on it. */
function shared(burst = 1, bounds = slotBounds) {
  const terms = { tokens: 1, periodUs: second, burst };
  const quota: KeyedQuota = {
    name: 'q',
    unit: 'requests',
    stateKey: 't/q',
    quota: compileQuota(terms),
  };
  const slots = new Slots(bounds);
  let state: RateState | undefined;
  return {
    quota,
    slots,
    /** Sends at this many seconds; tells the wait in seconds. */
    send(sender: string, at: number, requests = 1): number | undefined {
      const nowUs = t0 + at * second;
      const cost = { requests, events: 0, bytes: 0 };
      const decision = decide([quota], [state], cost, nowUs);
      if (decision.verdicts[0]?.changed) state = decision.verdicts[0].next;
      const toldUs = slots.tell(sender, { quotas: [quota], decision, cost }, nowUs);
      return toldUs === undefined ? undefined : toldUs / second;
    },
  };
}

test('a sender alone is told nothing, but to come for the next token where it is refused', () => {
  const { send } = shared();
  expect(send('a', 0)).toBeUndefined();
  expect(send('a', 0)).toBe(1);
});

test('of two, each gets a slot of its own, one token apart', () => {
  const { send } = shared();
  send('a', 0);
  expect(send('b', 0)).toBe(1);
  expect(send('a', 0)).toBe(2);
  expect(send('b', 0.25)).toBe(0.75); // the same slot as before
  expect(send('b', 1)).toBe(2); // used: the next one is after a's
});

test('nobody takes turns while there is more than one for each', () => {
  const { send } = shared(10);
  send('a', 0);
  for (let left = 8; left > 2; left -= 1) expect(send('b', 0)).toBeUndefined();
  expect(send('b', 0)).toBe(0);
});

test('a dearer request has its slot as much later as it costs more', () => {
  const { send } = shared(5);
  send('a', 0, 5);
  send('b', 0, 5);
  expect(send('c', 0, 1)).toBe(6);
  expect(send('d', 0, 3)).toBe(9);
});

test('a slot is gone two seconds after its time, and so is a sender that keeps quiet', () => {
  const { send, slots } = shared();
  send('a', 0);
  expect(send('b', 0)).toBe(1);
  expect(send('a', 3.1)).toBeUndefined(); // b neither came for its slot nor otherwise
  expect(slots.size).toBe(1);
});

test('no slot lies beyond the bound: whoever would get one is told to ask again then', () => {
  const { send } = shared(1, { ...slotBounds, longestAheadUs: 60 * second });
  send('first', 0);
  for (let i = 1; i <= 60; i += 1) expect(send(`s${i}`, 0)).toBe(i);
  expect(send('late', 0)).toBe(60);
  expect(send('later', 0.5)).toBe(60);
  expect(send('s1', 1)).toBe(60); // used its own at 1 s; the queue is 60 s long
});

test('who was let in is set nothing far ahead: it may have no more to send, and others wait', () => {
  const { send } = shared(1, {
    ...slotBounds,
    longestAheadUs: 60 * second,
    longestNextUs: 10 * second,
  });
  send('first', 0);
  for (let i = 1; i <= 20; i += 1) expect(send(`s${i}`, 0)).toBe(i);
  expect(send('s1', 1)).toBe(10); // let in: to ask again, and nothing is set aside
  expect(send('late', 1)).toBe(20); // refused: the very next turn
});

test('a wait longer than the bound is told as it is', () => {
  const { send } = shared(100, { ...slotBounds, longestAheadUs: 60 * second });
  send('a', 0, 100);
  expect(send('b', 0, 90)).toBe(90);
});

test('a sender holds at most sixteen slots, and is then told its first again', () => {
  const { send } = shared(80);
  for (let i = 0; i < 40; i += 1) send(`other${i}`, 0);
  const told = Array.from({ length: 20 }, () => send('busy', 0, 1)).filter(
    (wait) => wait !== undefined,
  );
  expect(told).toHaveLength(20);
  expect(new Set(told).size).toBe(16);
  expect(told.at(-1)).toBe(told[0]);
});

test('no more senders are counted than may be; those beyond are told nothing', () => {
  const { send, slots } = shared(1, { ...slotBounds, mostSenders: 3 });
  for (const sender of ['a', 'b', 'c', 'd', 'e']) send(sender, 0);
  expect(slots.size).toBe(3);
  expect(send('e', 0)).toBeUndefined();
  expect(send('b', 0)).toBe(1);
});

test('quotas that nobody uses any more are forgotten as others come', () => {
  const slots = new Slots(slotBounds);
  const { quota } = shared();
  const cost = { requests: 1, events: 0, bytes: 0 };
  for (let i = 0; i < 1_000; i += 1) {
    const nowUs = t0 + i * second;
    const decision = decide([quota], [undefined], cost, nowUs);
    slots.tell('a', { quotas: [{ ...quota, stateKey: `t${i}/q` }], decision, cost }, nowUs);
  }
  expect(slots.size).toBeLessThan(20);
});

test('of several quotas the longest wait counts', () => {
  const slots = new Slots(slotBounds);
  const { quota } = shared();
  const slow = { ...quota, name: 'slow', stateKey: 't/slow' };
  const slowQuota = {
    ...slow,
    quota: compileQuota({ tokens: 1, periodUs: 5 * second, burst: 1 }),
  };
  const quotas = [quota, slowQuota];
  const cost = { requests: 1, events: 0, bytes: 0 };
  const first = decide(quotas, [undefined, undefined], cost, t0);
  slots.tell('a', { quotas, decision: first, cost }, t0);
  const states = first.verdicts.map(({ next }) => next);
  const decision = decide(quotas, states, cost, t0);
  expect(slots.tell('b', { quotas, decision, cost }, t0)).toBe(5 * second);
});

test('a clock that stepped back costs the bound, not as long as the step', () => {
  const quota = compileQuota({ tokens: 1, periodUs: second, burst: 1 });
  const spent = decide([{ name: 'q', unit: 'requests', quota }], [undefined], one, t0);
  const [verdict] = decide(
    [{ name: 'q', unit: 'requests', quota }],
    [spent.verdicts[0]?.next],
    one,
    t0,
  ).verdicts;
  const ask = { cost: 1, nowUs: t0, cursorUs: t0 + 3_600 * second, senders: 2 };
  const offer = verdict && offerSlot(quota, verdict, ask, slotBounds);
  expect(offer).toEqual({
    atUs: t0 + slotBounds.longestAheadUs,
    cursorUs: t0 + slotBounds.longestAheadUs,
    isHeld: false,
  });
});

const one = { requests: 1, events: 0, bytes: 0 };
