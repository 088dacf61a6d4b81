import type { PageSettings } from './settings.ts';
import { simulate } from './simulate.ts';

/** What the page asks of its worker. */
interface Asked {
  readonly settings: PageSettings;
  readonly strategy: string;
}

addEventListener('message', ({ data }: MessageEvent<Asked>) => {
  postMessage(simulate(data.settings, data.strategy));
});
