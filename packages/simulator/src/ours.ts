import type { Throttle } from '@weir/core/throttle/throttle';
import { type ThrottleOptions, throttles } from '@weir/core/throttle/throttles';
import type { ProcessFacts, Strategy } from './model/strategy.ts';

/** Makes the throttle of one client. */
type Makes = (facts: ProcessFacts, random: () => number) => Throttle;

function ours(name: string, sentence: string, named: boolean, make: Makes): Strategy {
  return {
    name,
    sentence,
    named,
    isKeyed: true,
    start: (facts) => {
      let shared: Throttle | undefined;
      return ({ random }) => {
        shared ??= make(facts, random);
        return { is: 'throttle', throttle: shared };
      };
    },
  };
}

const named: ThrottleOptions = { named: true };
const unnamed: ThrottleOptions = { named: false };

/** The throttle that ships, one for each process, as the SDK has it. */
export const weir: Strategy = ours(
  'weir',
  'the throttle of the SDK, which names itself and keeps to the slots that weir gives (tier B)',
  true,
  (_, random) => throttles.adaptive(named, random),
);

/** The same against any server that tells its policy and what is left. */
export const weirUnnamed: Strategy = ours(
  'weir-unnamed',
  'the throttle of the SDK without a name: it gets no slots and finds its share (tier A)',
  false,
  (_, random) => throttles.adaptive(unnamed, random),
);

/**
 * The same, told the quota by its user as the strategies of Heroku are: against servers whose replies
 * tell what is left and nothing else, or not even that.
 */
export const weirInformed: Strategy = ours(
  'weir-informed',
  'the throttle of the SDK without a name, which was told the quota (tier A, where replies tell little)',
  false,
  ({ scenario }, random) => {
    const { tokens, periodMs, burst } = scenario.server.quota;
    return throttles.adaptive({ named: false, quota: { tokens, periodMs, burst } }, random);
  },
);

/** The same with other options. */
export function oursWith(options: ThrottleOptions): Strategy {
  const sentence = 'the throttle of the SDK with other options';
  return ours('weir-tuned', sentence, options.named ?? true, (_, random) =>
    throttles.adaptive(options, random),
  );
}
