import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { shown } from '../cli/numbers.ts';
import { infoOf, measuresOf, type Values } from '../compare/values.ts';
import { strategies } from '../strategies.ts';
import { Chart, type Line } from './chart.tsx';
import type { PageRun } from './simulate.ts';
import type { Simulation } from './use-simulation.ts';

export interface SideProps {
  readonly name: string;
  readonly strategy: string;
  readonly choose: (strategy: string) => void;
  readonly simulation: Simulation;
}

/** One strategy: what it is, what came of it, and its curves. */
export function Side({ name, strategy, choose, simulation }: SideProps): JSX.Element {
  const { result, isRunning } = simulation;
  return (
    <section aria-label={name} aria-busy={isRunning}>
      <label class="strategy">
        {name}
        <select value={strategy} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          {[...strategies.keys()].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <p class="sentence">{strategies.get(strategy)?.sentence}</p>
      {result === undefined ? null : 'problems' in result ? (
        <ul role="alert">
          {result.problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      ) : (
        <Results run={result} strategy={strategy} />
      )}
    </section>
  );
}

function Results({
  run,
  strategy,
}: {
  readonly run: PageRun;
  readonly strategy: string;
}): JSX.Element {
  const { values, curves, sleep } = run;
  const pace = useMemo<readonly Line[]>(
    () => [
      { label: 'admitted', color: 'var(--good)', values: curves.admitted },
      { label: 'refused', color: 'var(--bad)', values: curves.refused },
    ],
    [curves],
  );
  const waiting = useMemo<readonly Line[]>(
    () => [{ label: 'waiting', color: 'var(--wait)', values: curves.waiting }],
    [curves],
  );
  const sleeps = useMemo<readonly Line[]>(() => sleep.clients.map(lineOf), [sleep]);
  const sleepAtS = useMemo(() => stepsOf(sleep), [sleep]);
  const text = (measure: string) => measureText(values, measure);
  return (
    <>
      <Measures values={values} strategy={strategy} />
      <Chart
        title="Pace"
        unit="requests a second"
        summary={`${text('admitted')} admitted, ${text('refused')} refused`}
        atS={curves.atS}
        lines={pace}
        hasLegend
      />
      <Chart
        title="Sleep before each request"
        unit={`s, by sender (${sleep.clients.length} of ${sleep.total})`}
        summary={`at most ${text('maxSleepMs')}`}
        atS={sleepAtS}
        lines={sleeps}
        hasLegend={false}
      />
      <Chart
        title="Senders that wait"
        unit="on average"
        summary={`half of all requests waited ${text('p50WaitMs')} or less`}
        atS={curves.atS}
        lines={waiting}
        hasLegend={false}
      />
    </>
  );
}

function lineOf(values: Float64Array, client: number, all: readonly Float64Array[]): Line {
  const hue = Math.round((client * 360) / all.length);
  return { label: `${client}`, color: `hsl(${hue} 60% 50%)`, values };
}

function stepsOf({ clients, durationMs }: PageRun['sleep']): Float64Array {
  const steps = clients[0]?.length ?? 0;
  return Float64Array.from({ length: steps }, (_, i) => ((i + 0.5) / steps) * (durationMs / 1_000));
}

function Measures({
  values,
  strategy,
}: {
  readonly values: Values;
  readonly strategy: string;
}): JSX.Element {
  return (
    <table>
      <caption>What came of {strategy}</caption>
      <tbody>
        {measuresOf(values).map(({ name, title, unit, value }) => (
          <tr key={name}>
            <th scope="row">{title}</th>
            <td>{shown(value, unit)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function measureText(values: Values, name: string): string {
  return shown(values[name] ?? Number.NaN, infoOf(name).unit);
}
