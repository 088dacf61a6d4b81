import { compileQuota, gcra, type RateState } from '@weir/core/gcra';
import { VirtualWorld } from '@weir/core/world/virtual';

/** A reply as a plain simulator hands it on. */
interface Reply {
  readonly admitted: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

const clients = 10_000;
const perSecond = 1_000;

/**
 * The yardstick for crowds: the same ten thousand clients and the same law as one would write them
 * down first, a closure an event and a map of headers a reply. Everyone comes back when it is its turn.
 *
 * @returns requests made in so many simulated seconds
 */
export function plainCrowd(seconds: number): number {
  const world = new VirtualWorld({ seed: 1 });
  const quota = compileQuota({ tokens: perSecond, periodUs: 1_000_000, burst: 4_500 });
  let state: RateState | undefined;
  let requests = 0;
  const hop = () => 7.5 + 15 * world.random();
  const arrive = (heard: (reply: Reply) => void) => {
    requests += 1;
    const verdict = gcra(quota, state, Math.floor(world.now() * 1_000), 1);
    if (verdict.changed) state = verdict.next;
    const headers = { 'x-remaining': `${verdict.remaining}`, 'retry-after': '10' };
    world.after(hop(), () => heard({ admitted: verdict.allowed, headers }));
  };
  const send = (): void => {
    world.after(hop(), () =>
      arrive(({ headers }) => {
        world.after(1_000 * Number(headers['retry-after']), send);
      }),
    );
  };
  for (let client = 0; client < clients; client += 1) {
    world.after((1_000 * client) / perSecond, send);
  }
  world.advance(1_000 * seconds);
  return requests;
}
