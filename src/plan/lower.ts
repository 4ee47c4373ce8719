/** From a plan to what the engine reads: float32 coefficients, draw indices and times in flat arrays. */
import type { NativeEvaluator, NativePlan } from '../native';
import type { Plan, StepProgram } from './plan';

/** Rounds every coefficient once, from float64 to float32. */
export function lower(
  plan: Plan,
  seeds: BigUint64Array,
  evaluators: NativeEvaluator[],
  results: number[],
  graph: boolean,
): NativePlan {
  const { data } = plan;
  const words = new Uint32Array(data.entries.reduce((n, e) => n + e.numbers.length, 0));
  const floats = new Float32Array(words.buffer);
  const times = new Float32Array(data.entries.reduce((n, e) => n + e.times.length, 0));
  let [word, time] = [0, 0];
  for (const entry of data.entries) {
    const program = data.programs[entry.program] as StepProgram;
    floats.set(entry.numbers, word);
    for (let c = 0; c < data.classes; c++) {
      for (const draw of program.drawWords) {
        const at = c * program.words + draw;
        words[word + at] = entry.numbers[at] as number;
      }
    }
    times.set(entry.times, time);
    word += entry.numbers.length;
    time += entry.times.length;
  }
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
