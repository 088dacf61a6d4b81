// biome-ignore-all lint/performance/noBarrelFile: an entry point of the package, name by name

export type { Outcome, Throttle, ThrottleSnapshot } from '@weir/core/throttle/throttle';
export type { ThrottleChoice } from './options.ts';
export { type Interceptor, throttleInterceptor } from './pacer/interceptor.ts';
export { Pacer, type PacerOptions, type ReplyFacts, type Turn } from './pacer/pacer.ts';
