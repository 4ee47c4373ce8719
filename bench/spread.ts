/** The middle of many samples and how far they spread. */

export interface Spread {
  /** Quartiles. */
  low: number;
  median: number;
  high: number;
  samples: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number => {
    const place = part * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below] as number;
    const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
    return low + (place - below) * (high - low);
  };
  return { low: at(0.25), median: at(0.5), high: at(0.75), samples: sorted.length };
}

/** Samples of each source, taken in turns, so that a machine that slows down slows all of them down. */
export async function interleave<K extends string>(
  rounds: number,
  sources: Record<K, () => Promise<number>>,
): Promise<Record<K, number[]>> {
  const names = Object.keys(sources) as K[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples[name].push(await sources[name]());
  }
  return samples;
}

/** Of two sources, a / b round by round. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value / (b[i] as number));
}
