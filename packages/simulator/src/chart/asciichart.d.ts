/** The part of asciichart 1.5 that is used; the package brings no types. */
declare module 'asciichart' {
  export interface PlotOptions {
    readonly height: number;
    readonly colors?: readonly (string | undefined)[];
    readonly min?: number;
    readonly format?: (value: number) => string;
  }
  export function plot(series: readonly (readonly number[])[], options: PlotOptions): string;
}
