import type { ClientFacts, ProcessFacts, Sleeper, Strategy } from '../model/strategy.ts';

/** Makes the sleeper of one client. */
export type Makes = (client: ClientFacts) => Sleeper;

/** A rival: it does not name itself, so weir gives it no slots. `start` is called once a process. */
export function rival(
  name: string,
  sentence: string,
  start: (process: ProcessFacts) => Makes,
): Strategy {
  return {
    name,
    sentence,
    named: false,
    start: (process) => {
      const makes = start(process);
      return (client) => ({ is: 'sleeper', sleeper: makes(client) });
    },
  };
}

/** A rival whose clients know nothing of each other, even within a process. */
export function lonely(name: string, sentence: string, makes: Makes): Strategy {
  return rival(name, sentence, () => makes);
}
