import { seededRandom } from '@weir/core/world/random';
import { ln } from '@weir/core/world/transcendental';
import type { DiurnalScenario } from '../scenario.ts';
import type { Arrival } from './trace-parser.ts';

const bins = 144; // ten minutes of a day each
const sharpestPeak = 4_000;

/**
 * Arrivals of a day with a peak in its middle, in order of time: as many as the scenario says, keys
 * drawn evenly, gaps within a bin those of a Poisson process. The same seed gives the same day.
 */
export function diurnal(
  { requests, durationMs, keys, peakRatio }: DiurnalScenario,
  seed: number,
  take: (arrival: Arrival) => void,
): void {
  const { uniform } = seededRandom(seed);
  const binUs = (durationMs * 1_000) / bins;
  const arrival: Arrival = { us: 0, key: 0, events: 1, bytes: 0 };
  let weight = 0;
  let begun = 0;
  for (const [bin, ratio] of profile(peakRatio).entries()) {
    weight += ratio / bins;
    const end = bin === bins - 1 ? requests : Math.round(requests * weight);
    for (const place of orderedPlaces(end - begun, uniform)) {
      arrival.us = Math.floor((bin + place) * binUs);
      arrival.key = Math.floor(uniform() * keys);
      arrival.bytes = 200 + Math.floor(uniform() * 1_600);
      take(arrival);
    }
    begun = end;
  }
}

/** `count` even draws from [0, 1) in ascending order: the sums of exponential gaps, scaled. */
function orderedPlaces(count: number, uniform: () => number): Float64Array {
  const places = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i += 1) {
    sum -= ln(1 - uniform());
    places[i] = sum;
  }
  sum -= ln(1 - uniform());
  for (let i = 0; i < count; i += 1) places[i] = (places[i] as number) / sum;
  return places;
}

/** The rate of each bin over the mean: a tent, made sharper until its peak is high enough. */
export function profile(peakRatio: number): Float64Array {
  const shape = new Float64Array(bins);
  for (let bin = 0; bin < bins; bin += 1) shape[bin] = tent(bin);
  for (let power = 1; meanOf(shape) * peakRatio > 1 && power < sharpestPeak; power += 1) {
    for (let bin = 0; bin < bins; bin += 1) shape[bin] = (shape[bin] as number) * tent(bin);
  }
  const mean = meanOf(shape);
  const base = (1 - peakRatio * mean) / (1 - mean);
  return shape.map((height) => base + (peakRatio - base) * height);
}

/** 1 in the two bins around the middle of the day, falling to both ends. */
function tent(bin: number): number {
  const off = Math.abs(bin - (bins - 1) / 2) - 0.5;
  return 1 - off / (bins / 2);
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
