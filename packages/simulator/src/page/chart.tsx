import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';

export interface Line {
  readonly label: string;
  /** A CSS colour. */
  readonly color: string;
  readonly values: Float64Array;
}

export interface ChartProps {
  readonly title: string;
  /** What the picture says, for those who cannot see it. */
  readonly summary: string;
  readonly unit: string;
  readonly atS: Float64Array;
  readonly lines: readonly Line[];
  readonly hasLegend: boolean;
}

const height = 170;

/** Lines over time. Redrawn as a whole: a few thousand points take a few milliseconds. */
export function Chart(props: ChartProps): JSX.Element {
  const { title, summary, unit, atS, lines, hasLegend } = props;
  const place = useRef<HTMLDivElement>(null);
  const isDark = useDarkness();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const color = (css: string) => resolved(element, css);
    const axis = { stroke: color('var(--quiet)'), grid: { stroke: color('var(--line)') } };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: hasLegend },
        scales: {
          x: { time: false },
          y: { range: (_, __, most) => [0, most === 0 ? 1 : most * 1.05] },
        },
        axes: [axis, { ...axis, size: 60 }],
        series: [
          { label: 's' },
          ...lines.map((line) => ({ label: line.label, stroke: color(line.color), width: 1.4 })),
        ],
      },
      [atS, ...lines.map(({ values }) => values)] as uPlot.AlignedData,
      element,
    );
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [atS, lines, hasLegend, isDark]);
  return (
    <figure>
      <figcaption>
        {title} <span class="unit">{unit}</span>
      </figcaption>
      <div ref={place} class="plot" role="img" aria-label={`${title}: ${summary}`} />
    </figure>
  );
}

/** A canvas knows no variables: this is what the style sheet makes of a colour here and now. */
function resolved(element: HTMLElement, css: string): string {
  const probe = document.createElement('span');
  probe.style.color = css;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function useDarkness(): boolean {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'));
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const read = () => setDark(query.matches);
    query.addEventListener('change', read);
    return () => query.removeEventListener('change', read);
  }, [query]);
  return isDark;
}
