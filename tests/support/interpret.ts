/** Runs a plan in float64: the oracle for orders of convergence and for what the engine computes in float32. */
import type { Plan, StepProgram } from '../../src';

/** A network in float64: its output for every row at the row's time; `r` is the second time of a flow map, if any. */
export type Network64 = (x: Float64Array, t: Float64Array, r?: Float64Array) => Float64Array;

export interface Interpretation {
  networks: Network64[];
  /** The state, where the plan needs one. */
  state?: ArrayLike<number>;
  /** Unit normal of (row, draw, element), where the plan draws any. */
  normal?: (row: number, draw: number, element: number) => number;
}

/** The state at the end. */
export function interpret(plan: Plan, interpretation: Interpretation): Float64Array {
  return interpretBuffers(plan, interpretation)[0] as Float64Array;
}

/** All buffers at the end. */
export function interpretBuffers(plan: Plan, { networks, state, normal }: Interpretation): Float64Array[] {
  const { rows, classes, rowClass, slots, programs, entries } = plan.data;
  const size = rows * plan.elements;
  const buffers = slots.map(() => new Float64Array(size).fill(Number.NaN));
  if (state !== undefined) (buffers[0] as Float64Array).set(state);
  for (const { program: id, numbers, times } of entries) {
    const program = programs[id] as StepProgram;
    for (const stage of program.stages) {
      if (stage.kind === 'evaluate') {
        const timesAt = (index: number) => Float64Array.from(rowClass, (c) => times[index * classes + c] as number);
        const t = timesAt(stage.time);
        const r = stage.secondTime < 0 ? undefined : timesAt(stage.secondTime);
        for (const call of stage.calls) {
          const network = networks[call.evaluator] as Network64;
          (buffers[call.output] as Float64Array).set(network((buffers[stage.input] as Float64Array).slice(), t, r));
        }
        continue;
      }
      const results = stage.outputs.map(() => new Float64Array(size));
      for (let i = 0; i < size; i++) {
        const row = Math.floor(i / plan.elements);
        const record = (rowClass[row] as number) * program.words;
        let word = record + stage.firstWord;
        stage.outputs.forEach((output, o) => {
          const into = results[o] as Float64Array;
          if (output.derived) into[i] = (numbers[word++] as number) * (results[0]?.[i] as number);
          else {
            for (const term of stage.terms) {
              const c = numbers[word++] as number;
              if (c === 0) continue;
              const draw = 'draw' in term ? (numbers[record + term.draw] as number) : -1;
              const value = 'draw' in term ? normal?.(row, draw, i % plan.elements) : buffers[term.slot]?.[i];
              into[i] = (into[i] as number) + c * (value as number);
            }
          }
        });
      }
      stage.outputs.forEach((output, o) => (buffers[output.slot] as Float64Array).set(results[o] as Float64Array));
    }
  }
  return buffers;
}
