import { type AnyEvents, Client, type EventMap } from './client.ts';
import type { ClientOptions } from './options.ts';
import type { Platform } from './platform.ts';

/** The class as its users see it: nothing but options to give. */
export interface ClientConstructor {
  /** Throws a WeirError `invalid_option` that names the option. Opens nothing yet. */
  new <Events extends EventMap = AnyEvents>(options?: ClientOptions): Client<Events>;
  readonly prototype: Client;
}

/** The class `Client` with its runtime filled in; `instanceof` holds for both. */
export function clientOn(platform: Platform): ClientConstructor {
  return new Proxy(Client, {
    construct: (Target, [options]: [ClientOptions | undefined]) =>
      new Target(options ?? {}, platform),
  }) as unknown as ClientConstructor;
}
