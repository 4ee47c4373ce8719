/** `Plan`: what a run will do, as immutable data: step programs, their sequence, and a table of numbers. */
import type { NativeDtype, NativeProgram } from '../native';

/** A buffer of [rows, ...rowShape]. */
export interface SlotSpec {
  readonly dtype: SlotDtype;
  /** Conditioned copies side by side; 1 today. */
  readonly copies: number;
}

/** float32, but for what a network reads or writes in half the width. */
export type SlotDtype = NativeDtype;

const BYTES: Record<SlotDtype, number> = { float32: 4, float16: 2, bfloat16: 2 };

/** The shape of a step, without its numbers. Steps of the same shape share one. */
export interface StepProgram extends NativeProgram {
  /** Words of the record that hold draw indices; the others hold coefficients. */
  readonly drawWords: readonly number[];
}

/** One entry of the sequence: a step, or the start that stands before the first. */
export interface PlanEntry {
  readonly program: number;
  /** Step index, -1 for the start. */
  readonly step: number;
  /** float64, [classes × words]: coefficients and draw indices. */
  readonly numbers: Float64Array;
  /** float64, [times × classes], in the network's clock. */
  readonly times: Float64Array;
}

export interface PlanData {
  readonly sampler: string;
  readonly interfaceName: string;
  readonly rows: number;
  readonly rowShape: readonly number[];
  readonly grid: Float64Array;
  readonly slots: readonly SlotSpec[];
  /** Buffer of each carried value by name. The state is buffer 0. */
  readonly carries: Readonly<Record<string, number>>;
  /** Names of the values that the last entry keeps. */
  readonly keptCarries: readonly string[];
  readonly programs: readonly StepProgram[];
  readonly entries: readonly PlanEntry[];
  readonly classes: number;
  readonly rowClass: Uint32Array;
  /** Names of the networks with their conditioning, by evaluator. */
  readonly evaluators: readonly string[];
  /** Buffer of the denoised preview, -1 where there is none. */
  readonly preview: number;
  /** Buffers of the states and denoised values that are kept, in the order of the steps. */
  readonly trajectory: { readonly states: readonly number[]; readonly denoised: readonly number[] };
  /** True where buffer 0 must be filled before the first entry. */
  readonly needsState: boolean;
}

/** Costs of one program. */
export interface ProgramCost {
  /** Network calls. */
  evaluations: number;
  /** Combine passes. */
  passes: number;
  /** Bytes that the passes read and write, each input once, each output once. */
  bytes: number;
}

/** Immutable; counts its own costs, prints itself, serialises with `JSON.stringify`. */
export class Plan {
  readonly data: PlanData;
  private readonly costs: ProgramCost[];

  constructor(data: PlanData) {
    this.data = Object.freeze(data);
    this.costs = data.programs.map((program) => this.cost(program));
  }

  /** Elements of one row. */
  get elements(): number {
    return this.data.rowShape.reduce((n, d) => n * d, 1);
  }

  /** Number of steps (intervals of the grid). */
  get steps(): number {
    return this.data.entries.filter((entry) => entry.step >= 0).length;
  }

  /** Network calls of the whole run, each on all rows. */
  get evaluations(): number {
    return this.total((cost) => cost.evaluations);
  }

  /** Combine passes of the whole run, the start included. */
  get passes(): number {
    return this.total((cost) => cost.passes);
  }

  /** Bytes moved by the passes of the whole run. */
  get bytes(): number {
    return this.total((cost) => cost.bytes);
  }

  /** Bytes of the buffers: they follow from the programs, never from the number of steps, unless a trajectory is kept. */
  get workspaceBytes(): number {
    const perElement = this.data.slots.reduce((n, slot) => n + BYTES[slot.dtype] * slot.copies, 0);
    return perElement * this.data.rows * this.elements;
  }

  /** What one entry costs. */
  costOf(entry: PlanEntry): ProgramCost {
    return this.costs[entry.program] as ProgramCost;
  }

  /** One coefficient record in the words of a reader: buffers, with their dtype unless float32; coefficients of row class 0. */
  describe(entry: PlanEntry): string[] {
    const program = this.data.programs[entry.program] as StepProgram;
    return program.stages.map((stage) => {
      if (stage.kind === 'evaluate') {
        const time = entry.times[stage.time * this.data.classes] as number;
        const calls = stage.calls.map((c) => `${this.bufferName(c.output)} = ${this.data.evaluators[c.evaluator]}`);
        return `evaluate at t=${format(time)} on ${this.bufferName(stage.input)}: ${calls.join(', ')}`;
      }
      let word = stage.firstWord;
      const outputs = stage.outputs.map((output) => {
        if (output.derived) {
          const multiple = format(entry.numbers[word++] as number);
          return `${this.bufferName(output.slot)} = ${multiple}·${this.bufferName(stage.outputs[0]?.slot as number)}`;
        }
        const terms = stage.terms.map((term) => {
          const name = 'draw' in term ? `z(${entry.numbers[term.draw]})` : this.bufferName(term.slot);
          return `${format(entry.numbers[word++] as number)}·${name}`;
        });
        return `${this.bufferName(output.slot)} = ${terms.join(' + ')}`;
      });
      return `combine ${outputs.join('; ')}`;
    });
  }

  toString(): string {
    const { sampler, interfaceName, rows, rowShape, programs, slots } = this.data;
    const head =
      `${sampler} on ${interfaceName}, ${rows} × [${rowShape.join(', ')}], ${this.steps} steps: ` +
      `${this.evaluations} network evaluations, ${this.passes} combine passes, ${this.bytes} bytes moved, ` +
      `${slots.length} buffers, ${programs.length} step programs`;
    return [head, ...this.data.entries.flatMap((entry) => this.lines(entry))].join('\n');
  }

  toJSON(): object {
    const { data } = this;
    return {
      ...data,
      grid: Array.from(data.grid),
      rowClass: Array.from(data.rowClass),
      entries: data.entries.map((e) => ({ ...e, numbers: Array.from(e.numbers), times: Array.from(e.times) })),
      totals: { evaluations: this.evaluations, passes: this.passes, bytes: this.bytes },
    };
  }

  private lines(entry: PlanEntry): string[] {
    const { grid } = this.data;
    const head =
      entry.step < 0
        ? 'start'
        : `step ${entry.step}: t ${format(grid[entry.step] as number)} -> ${format(grid[entry.step + 1] as number)}`;
    return [head, ...this.describe(entry).map((line) => `  ${line}`)];
  }

  private bufferName(slot: number): string {
    const { dtype } = this.data.slots[slot] as SlotSpec;
    return dtype === 'float32' ? `b${slot}` : `b${slot}:${dtype}`;
  }

  private cost(program: StepProgram): ProgramCost {
    const bytesOf = (slot: number): number => BYTES[(this.data.slots[slot] as SlotSpec).dtype];
    const cost = { evaluations: 0, passes: 0, bytes: 0 };
    for (const stage of program.stages) {
      if (stage.kind === 'evaluate') cost.evaluations += stage.calls.length;
      else {
        cost.passes++;
        const read = stage.terms.reduce((n, term) => n + ('slot' in term ? bytesOf(term.slot) : 0), 0);
        const written = stage.outputs.reduce((n, output) => n + bytesOf(output.slot), 0);
        cost.bytes += (read + written) * this.data.rows * this.elements;
      }
    }
    return cost;
  }

  private total(part: (cost: ProgramCost) => number): number {
    return this.data.entries.reduce((n, entry) => n + part(this.costOf(entry)), 0);
  }
}

function format(value: number): string {
  return String(Number(value.toPrecision(6)));
}
