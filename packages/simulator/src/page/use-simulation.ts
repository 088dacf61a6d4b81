import { systemWorld } from '@weir/core/world/system';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageSettings } from './settings.ts';
import type { PageProblem, PageRun } from './simulate.ts';

/** The last result there is, and whether a newer one is on its way. */
export interface Simulation {
  readonly result: PageRun | PageProblem | undefined;
  readonly isRunning: boolean;
}

const settleMs = 60; // while a slider moves, only where it rests is run

/** Runs a strategy in a worker whenever the settings are others. A run that takes too long is cut off. */
export function useSimulation(settings: PageSettings, strategy: string): Simulation {
  const worker = useRef<Worker | undefined>(undefined);
  const [simulation, setSimulation] = useState<Simulation>({ result: undefined, isRunning: true });
  useEffect(() => {
    setSimulation(({ result }) => ({ result, isRunning: true }));
    const cancel = systemWorld.after(settleMs, () => {
      worker.current ??= startWorker();
      worker.current.onmessage = ({ data }) => {
        setSimulation({ result: data, isRunning: false });
      };
      worker.current.postMessage({ settings, strategy });
    });
    return () => {
      cancel();
      // A run cannot be interrupted from outside; the next one starts in a worker of its own.
      if (worker.current !== undefined) worker.current.onmessage = null;
      worker.current?.terminate();
      worker.current = undefined;
    };
  }, [settings, strategy]);
  return simulation;
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
}
