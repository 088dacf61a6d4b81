import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from './admission.ts';
import { compileQuota, type RateState } from './gcra.ts';
import { type KeyedQuota, Slots } from './quota-slots.ts';
import { slotBounds } from './slots.ts';
import { seededRandom } from './world/random.ts';

const t0 = 1_790_000_000_000_000;
const second = 1_000_000;

/** How one sender behaves. Greedy ones pass over all advice; nameless ones are given none. */
type Manner = 'obeys' | 'greedy' | 'nameless';

interface Told {
  readonly manner: Manner;
  allowed: number;
  refused: number;
  /** Refused although it came for the slot it had been told. */
  deceived: number;
}

interface Crowd {
  readonly quota: KeyedQuota;
  readonly manners: readonly Manner[];
  readonly cost: number;
  readonly roundTripUs: readonly [least: number, most: number];
  readonly durationUs: number;
  readonly seed: number;
}

/** Senders that always have something to send, each one request at a time. */
function run(crowd: Crowd) {
  const { quota, manners, roundTripUs, durationUs, seed } = crowd;
  const random = seededRandom(seed).uniform;
  const take = takeFrom(crowd);
  const told: Told[] = manners.map((manner) => ({ manner, allowed: 0, refused: 0, deceived: 0 }));
  const dueUs = manners.map(() => t0 + Math.floor(random() * 10_000));
  const holdsSlot = manners.map(() => false);
  const passes: number[] = [];
  for (;;) {
    const i = indexOfLeast(dueUs);
    const nowUs = dueUs[i] as number;
    if (nowUs > t0 + durationUs) return { quota, told, passes };
    const { allowed, waitUs, slotUs } = take(i, nowUs);
    if (allowed) passes.push(nowUs);
    count(told[i] as Told, allowed, holdsSlot[i] === true);
    holdsSlot[i] = slotUs !== undefined && slotUs < 60 * second;
    const [least, most] = roundTripUs;
    dueUs[i] = nowUs + waitUs + least + Math.floor(random() * (most - least));
  }
}

/** Decides on one request after the other, and gives advice. */
function takeFrom({ quota, manners, cost }: Crowd) {
  const slots = new Slots(slotBounds);
  const costs = { requests: cost, events: 0, bytes: 0 };
  let state: RateState | undefined;
  return (i: number, nowUs: number) => {
    const decision = decide([quota], [state], costs, nowUs);
    state = decision.verdicts[0]?.next;
    const { allowed, retryAfterUs } = decision;
    const decided = { quotas: [quota], decision, cost: costs };
    const slotUs = manners[i] === 'nameless' ? undefined : slots.tell(i, decided, nowUs);
    const isHonest = slotUs === undefined || (slotUs >= retryAfterUs && slotUs <= 60 * second);
    if (!isHonest) throw new Error(`told ${slotUs} µs, while it passes in ${retryAfterUs} µs`);
    return { allowed, slotUs, waitUs: manners[i] === 'obeys' ? (slotUs ?? retryAfterUs) : 0 };
  };
}

function count(told: Told, allowed: boolean, heldSlot: boolean): void {
  if (allowed) told.allowed += 1;
  else told.refused += 1;
  if (!allowed && heldSlot) told.deceived += 1;
}

function indexOfLeast(values: readonly number[]): number {
  let least = 0;
  for (let i = 1; i < values.length; i += 1) {
    if ((values[i] as number) < (values[least] as number)) least = i;
  }
  return least;
}

function quotaOf(tokens: number, periodUs: number, burst: number): KeyedQuota {
  const quota = compileQuota({ tokens, periodUs, burst });
  return { name: 'q', unit: 'requests', stateKey: 't/q', quota };
}

test('ten senders who obey use the whole of a quota, in equal parts, with one refusal each', () => {
  const { told } = run({
    quota: quotaOf(5, 4 * second, 10),
    manners: Array.from({ length: 10 }, () => 'obeys'),
    cost: 1,
    roundTripUs: [15_000, 45_000],
    durationUs: 1_800 * second,
    seed: 1,
  });
  const allowed = told.map((one) => one.allowed);
  const total = allowed.reduce((sum, n) => sum + n, 0);
  expect(total).toBeGreaterThan(2_250 * 0.995);
  expect(Math.max(...allowed) - Math.min(...allowed)).toBeLessThanOrEqual(3);
  expect(told.reduce((sum, one) => sum + one.refused, 0)).toBeLessThanOrEqual(10);
});

const crowds = fc.record({
  quota: fc
    .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 40 }))
    .map(([tokens, burst]) => quotaOf(tokens, second, burst)),
  roundTripUs: fc.constantFrom([1_000, 2_000] as const, [5_000, 200_000] as const),
  durationUs: fc.constant(20 * second),
  seed: fc.nat(),
});

/** With a burst that holds what is earned while a sender is on its way: nobody comes in time exactly. */
const ampleCrowds = crowds.filter(
  ({ quota: { quota }, roundTripUs }) => quota.burst >= 2 + (roundTripUs[1] * quota.r) / quota.p,
);

test('among senders who all obey, whoever comes for its slot is let in, but for one each at the start', () => {
  let slotsKept = 0;
  fc.assert(
    fc.property(ampleCrowds, fc.integer({ min: 2, max: 30 }), (crowd, count) => {
      const manners = Array.from({ length: count }, (): Manner => 'obeys');
      const durationUs = 60 * second;
      const { told } = run({ ...crowd, manners, cost: 1, durationUs });
      const deceived = told.reduce((sum, one) => sum + one.deceived, 0);
      expect(deceived).toBeLessThanOrEqual(count); // a newcomer may take what another was promised
      for (const { refused, allowed } of told) slotsKept += allowed - refused;
    }),
    { numRuns: 60 },
  );
  expect(slotsKept).toBeGreaterThan(1_000);
});

test('greedy and nameless senders stay within the law, and so do all together', () => {
  const manner = fc.constantFrom<Manner>('obeys', 'greedy', 'nameless');
  const manners = fc.array(manner, { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(crowds, manners, (crowd, mixed) => {
      const { passes } = run({ ...crowd, manners: mixed, cost: 1, durationUs: 5 * second });
      const { p, r, burst } = crowd.quota.quota;
      for (let i = 0; i + burst < passes.length; i += 1) {
        const tookUs = (passes[i + burst] as number) - (passes[i] as number);
        expect(tookUs).toBeGreaterThanOrEqual(Math.floor(p / r));
      }
      const most = burst + (5 * second * r) / p;
      expect(passes.length).toBeLessThanOrEqual(most + 1);
    }),
    { numRuns: 60 },
  );
});
