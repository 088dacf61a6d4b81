import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { strategies } from '../strategies.ts';
import { Controls } from './controls.tsx';
import { hashOf, type PageSettings, settingsFrom } from './settings.ts';
import { Side } from './side.tsx';
import { useSimulation } from './use-simulation.ts';

const names = [...strategies.keys()];

/** The whole page. Its settings are those of its address, and the other way round. */
export function App(): JSX.Element {
  const [settings, setSettings] = useState(() => settingsFrom(location.hash, names));
  useEffect(() => {
    const read = () => setSettings(settingsFrom(location.hash, names));
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  const change = useCallback((changed: Partial<PageSettings>) => {
    setSettings((before) => {
      const after = { ...before, ...changed };
      history.replaceState(null, '', hashOf(after));
      return after;
    });
  }, []);
  const first = useSimulation(settings, settings.first);
  const second = useSimulation(settings, settings.second);
  const isRunning = first.isRunning || second.isRunning;
  return (
    <>
      <header>
        <h1>weir-sim</h1>
        <p>Senders on one quota, in virtual time. The address holds the settings and the seed.</p>
        <p role="status">{isRunning ? 'running …' : `seed ${settings.seed}: done`}</p>
      </header>
      <main>
        <Controls settings={settings} change={change} />
        <Side
          name="First strategy"
          strategy={settings.first}
          choose={(strategy) => change({ first: strategy })}
          simulation={first}
        />
        <Side
          name="Second strategy"
          strategy={settings.second}
          choose={(strategy) => change({ second: strategy })}
          simulation={second}
        />
      </main>
    </>
  );
}
