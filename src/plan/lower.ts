/** From a plan to what the engine reads: float32 coefficients, draw indices and times in flat arrays. */
import type { NativeEvaluator, NativePlan } from '../native';
import { nextTurn, turnIsOver } from '../turns';
import type { Plan, StepProgram } from './plan';

/** The numbers of a plan as the engine reads them. */
export type LoweredNumbers = Pick<NativePlan, 'words' | 'times'>;

/** Words that are rounded without looking at the clock: some 0.1 ms. */
const PIECE = 1 << 15;
/** From so many words on, handing them over, which is a copy, gets a turn of its own. */
const MANY = 1 << 18;

/** Rounds every coefficient once, from float64 to float32. Yields to the event loop. @throws AbortError */
export async function lowerNumbers({ data }: Plan, signal: AbortSignal | undefined): Promise<LoweredNumbers> {
  const words = new Uint32Array(data.entries.reduce((n, e) => n + e.numbers.length, 0));
  const floats = new Float32Array(words.buffer);
  const times = new Float32Array(data.entries.reduce((n, e) => n + e.times.length, 0));
  let [word, time] = [0, 0];
  for (const { program, numbers, times: ofEntry } of data.entries) {
    const { words: record, drawWords } = data.programs[program] as StepProgram;
    const piece = Math.max(1, Math.floor(PIECE / record)) * record;
    for (let from = 0; from < numbers.length; from += piece) {
      const part = numbers.subarray(from, from + piece);
      floats.set(part, word);
      for (const draw of drawWords) {
        for (let at = draw; at < part.length; at += record) words[word + at] = part[at] as number;
      }
      word += part.length;
      if (turnIsOver()) await nextTurn(signal);
    }
    times.set(ofEntry, time);
    time += ofEntry.length;
  }
  if (words.length > MANY) await nextTurn(signal);
  return { words, times };
}

/** What the engine reads: the plan's programs with its numbers. */
export function lower(
  plan: Plan,
  { words, times }: LoweredNumbers,
  seeds: BigUint64Array,
  evaluators: NativeEvaluator[],
  results: number[],
  graph: boolean,
): NativePlan {
  const { data } = plan;
  return {
    rows: data.rows,
    elements: plan.elements,
    rowShape: [...data.rowShape],
    slots: data.slots.map((slot) => slot.dtype),
    programs: data.programs.map(({ words: w, times: t, stages }) => ({ words: w, times: t, stages })),
    sequence: Uint32Array.from(data.entries, (entry) => entry.program),
    steps: plan.steps,
    classes: data.classes,
    rowClass: data.rowClass,
    words,
    times,
    seeds,
    evaluators,
    results: Uint32Array.from(results),
    preview: data.preview,
    graph,
  };
}
