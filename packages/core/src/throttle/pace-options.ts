/** How a sender shares a quota with others. Counted in tokens and shares, so it fits any rate. */
export interface PaceOptions {
  /** After a first refusal the wait is drawn evenly between what these many tokens take to earn. */
  readonly firstWait: readonly [number, number];
  /** Factor on that wait with each further refusal in a row. */
  readonly waitGrowth: number;
  /** Senders that are assumed until more is known. */
  readonly typicalPeers: number;
  /** Tokens that are to be left, where so many senders are about. */
  readonly referenceTokens: number;
  /** Tokens by which that falls where senders are e times as many: keeps shares alike. */
  readonly droop: number;
  readonly proportional: number;
  readonly integral: number;
  /** Share of the gap by which each is longer or shorter at random. */
  readonly jitter: number;
  /** Full speed ends when less is left than this many times what all spend in a round trip. */
  readonly brake: number;
  /** A first reply that leaves less than this share of the burst, and little for so many, is contended. */
  readonly fullShare: number;
  /** Weight of the newest reply in the estimate of senders. */
  readonly follow: number;
  /** The same where it is far off. */
  readonly leap: number;
  readonly longestGapMs: number;
  /** Factor on the gap after a refusal. */
  readonly backoff: number;
  /** Least wait after a refusal, as a share of the gap. */
  readonly retryFrom: number;
}

/** What `weir-sim tune` found; `packages/simulator/src/tune/tuned.json` has the command. */
export const paceDefaults: PaceOptions = {
  firstWait: [6, 13.2],
  waitGrowth: 5.2089,
  typicalPeers: 5.83,
  referenceTokens: 9.16,
  droop: 0.86,
  proportional: 0.844,
  integral: 0.568,
  jitter: 0.0107,
  brake: 0.6866,
  fullShare: 0.3,
  follow: 0.03,
  leap: 0.497,
  longestGapMs: 600_000,
  backoff: 5,
  retryFrom: 0.9502,
};

/** How a sender finds its share of a quota of which nothing is told. */
export interface BlindOptions {
  /** Longest wait after the first refusal. */
  readonly firstWaitMs: number;
  /** Factor on a wait with each further refusal in a row. */
  readonly waitGrowth: number;
  /** Factor on the gap that was measured, so that what is owed can be earned. */
  readonly slowDown: number;
  /** Share by which the pace grows in a second: the same for all, so that shares become alike. */
  readonly growthPerSecond: number;
  /** After so many successes without a refusal there must be more to be had… */
  readonly calm: number;
  /** … and the pace grows by this share with each, times the successes beyond. */
  readonly calmGrowth: number;
  /** So many successes between two refusals make a measure. */
  readonly leastMeasured: number;
  readonly jitter: number;
  readonly longestGapMs: number;
}

export const blindDefaults: BlindOptions = {
  firstWaitMs: 250,
  waitGrowth: 3,
  slowDown: 1.1,
  growthPerSecond: 0.00025,
  calm: 100,
  calmGrowth: 0.0001,
  leastMeasured: 4,
  jitter: 0.1,
  longestGapMs: 600_000,
};

export interface AdaptiveOptions {
  /** Whether requests carry the sender's name, so that weir sets slots aside for it. */
  readonly named: boolean;
  /** For quotas that replies tell of. */
  readonly pace: PaceOptions;
  /** For servers that tell nothing. */
  readonly blind: BlindOptions;
}
