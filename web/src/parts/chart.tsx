import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Column } from "../words/samples";

/** One uPlot chart in the colours of the page, as wide as its place. */

export interface Line {
  name: string;
  colour: string;
  values: Column;
}

export interface ChartProps {
  title: string;
  now: string;
  times: number[];
  lines: Line[];
  format: (value: number | null) => string;
  /** Seconds shown, counted back from the newest sample. */
  window: number;
  /** The top of the scale when the values stay below it. */
  atLeast?: number;
  /** The values are bytes: the scale is stepped in powers of two. */
  binary?: boolean;
}

const HEIGHT = 150;
/** Steps that are round in KB, MB and GB. */
const BINARY_STEPS = Array.from({ length: 42 }, (_, power) => 2 ** power);

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

/** Canvas knows no light-dark(): the colour is read off an element that the browser has resolved it for. */
function resolved(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour || colourOf(name);
}

function options(props: ChartProps, width: number): uPlot.Options {
  const axis = { stroke: resolved("--text-2"), font: "11px system-ui, sans-serif", grid: { stroke: resolved("--line"), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    cursor: { y: false, sync: { key: "muster" } },
    legend: { show: false },
    padding: [8, 6, 0, 0],
    scales: {
      x: { time: true, range: (_plot, _min, max) => [max - props.window, max] },
      y: { range: (_plot, _min, max) => [0, Math.max((Number.isFinite(max) ? max : 0) * 1.15, props.atLeast ?? 1)] },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: (_plot, ticks) => ticks.map((tick) => new Date(tick * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(props.window <= 300 && { second: "2-digit" }) })) },
      { ...axis, size: 66, space: 34, ...(props.binary && { incrs: BINARY_STEPS }), values: (_plot, ticks) => ticks.map((tick) => props.format(tick)) },
    ],
    series: [{}, ...props.lines.map((line) => ({ label: line.name, stroke: resolved(line.colour), width: 1.5, points: { show: false }, ...(props.lines.length === 1 && { fill: resolved(`${line.colour}-soft`) }) }))],
  };
}

export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useRef<uPlot.AlignedData>([[]]);
  data.current = [props.times, ...props.lines.map((line) => line.values)] as uPlot.AlignedData;

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(options(props, Math.max(element.clientWidth, 120)), data.current, element);
    };
    draw();
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (plot.current && width > 0 && width !== plot.current.width) plot.current.setSize({ width, height: HEIGHT });
    });
    observer.observe(element);
    scheme.addEventListener("change", draw);
    document.addEventListener("muster:theme", draw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", draw);
      document.removeEventListener("muster:theme", draw);
      plot.current?.destroy();
      plot.current = null;
    };
    // The lines of one chart never change their number; a new window needs new axes.
  }, [props.window]);

  useEffect(() => {
    plot.current?.setData(data.current);
  }, [props.times, props.lines]);

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{props.title}</span>
        <span class="chart-now">{props.now}</span>
      </figcaption>
      <div ref={place} class="chart-plot" role="img" aria-label={`${props.title}: now ${props.now}`} data-points={props.times.length} />
      {props.lines.length > 1 && (
        <div class="chart-legend" aria-hidden="true">
          {props.lines.map((line) => (
            <span key={line.name}>
              <i style={{ background: `var(${line.colour})` }} /> {line.name}
            </span>
          ))}
        </div>
      )}
    </figure>
  );
}
