/** The record of one step while a sampler is traced: its slots, its stages, in the order they were asked for. */
import { InvalidArgumentError } from '../errors';
import type { Coefficient } from './coefficient';
import type { Evaluators } from './evaluators';
import { Expr, type Slot } from './expr';

/** Network calls at one input and one time. */
export interface TracedEvaluate {
  input: Expr;
  /** In the network's own clock. */
  time: number;
  /** The second time of a flow map. */
  secondTime: number | undefined;
  calls: { evaluator: number; output: Slot }[];
}

/** Draws of one step are numbered from 1 + 256·index; draw 0 is the start. See docs/adr/0003-noise-layout.md. */
const DRAWS_PER_STEP = 256;

export class StepTrace {
  readonly evaluations: TracedEvaluate[] = [];
  readonly state: Slot;
  private readonly slots: Slot[] = [];
  private readonly carries = new Map<string, Slot>();
  private draws = 0;

  /**
   * @param index Index of the step in its grid, -1 for the start.
   * @param evaluators The networks of the run, shared by all its steps.
   */
  constructor(
    readonly index: number,
    readonly evaluators: Evaluators,
  ) {
    this.state = this.slot('state', 'x');
  }

  /** The expression 1·slot. */
  of(slot: Slot, coefficient: Coefficient = 1): Expr {
    return new Expr(this, new Map([[slot, coefficient]]));
  }

  /** What an earlier step kept under this name. */
  carry(name: string): Expr {
    let slot = this.carries.get(name);
    if (slot === undefined) {
      slot = this.slot('carry', name);
      this.carries.set(name, slot);
    }
    return this.of(slot);
  }

  /** Slots of the carries asked for so far. */
  carrySlots(): Iterable<Slot> {
    return this.carries.values();
  }

  /** Fresh unit normals, a pure function of (seed of the row, draw, element). */
  noise(): Expr {
    if (this.draws === DRAWS_PER_STEP) {
      throw new InvalidArgumentError(`A step may draw noise at most ${DRAWS_PER_STEP} times.`);
    }
    const draw = this.index < 0 ? 0 : 1 + DRAWS_PER_STEP * this.index + this.draws;
    this.draws++;
    return this.of(this.slot('noise', 'z', -1, draw));
  }

  /**
   * The output of an evaluator at (input, time). The same question is asked once; questions at the same input and time
   * in a row form one group.
   */
  evaluate(evaluator: number, name: string, input: Expr, time: number, secondTime?: number): Expr {
    const same = (e: TracedEvaluate): boolean =>
      e.time === time && e.secondTime === secondTime && e.input.equals(input);
    for (const asked of this.evaluations.filter(same)) {
      const call = asked.calls.find((c) => c.evaluator === evaluator);
      if (call !== undefined) return this.of(call.output);
    }
    const output = this.slot('output', name, evaluator);
    const last = this.evaluations.at(-1);
    if (last !== undefined && same(last)) last.calls.push({ evaluator, output });
    else this.evaluations.push({ input, time, secondTime, calls: [{ evaluator, output }] });
    return this.of(output);
  }

  private slot(kind: Slot['kind'], name: string, evaluator = -1, draw = -1): Slot {
    const slot = { id: this.slots.length, kind, name, evaluator, draw };
    this.slots.push(slot);
    return slot;
  }
}
