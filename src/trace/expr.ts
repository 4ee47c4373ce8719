/** `Expr`: an affine expression of the state, network outputs and noise; what samplers compute with. */
import { expected } from '../errors';
import { equal, every, product, sum, type Coefficient } from './coefficient';
import type { StepTrace } from './step-trace';

/** A symbol of one step: a value per element that exists in a buffer, or unit normals. Ordered by `id`. */
export interface Slot {
  readonly id: number;
  readonly kind: 'state' | 'carry' | 'input' | 'output' | 'noise';
  /** Name of a carry; name of the network for an output. */
  readonly name: string;
  /** Evaluator that writes an output, -1 otherwise. */
  readonly evaluator: number;
  /** Draw index of noise, -1 otherwise. */
  readonly draw: number;
}

/**
 * A sparse map from slot to float64 coefficient. Immutable: every operation gives a new one.
 * Terms whose coefficient is zero stay, so that the shape of an expression does not depend on its numbers.
 */
export class Expr {
  constructor(
    readonly trace: StepTrace,
    readonly terms: ReadonlyMap<Slot, Coefficient>,
  ) {}

  add(other: Expr): Expr {
    return this.plus(other, 1);
  }

  sub(other: Expr): Expr {
    return this.plus(other, -1);
  }

  /** Multiplies by a finite number. */
  scale(factor: number): Expr {
    if (typeof factor !== 'number' || !Number.isFinite(factor)) {
      throw expected('a finite number', 'factor of scale()', factor);
    }
    return this.times(factor);
  }

  /** Multiplies by one number per row class; for guidance. */
  times(factor: Coefficient): Expr {
    return new Expr(this.trace, new Map([...this.terms].map(([slot, c]) => [slot, product(c, factor)])));
  }

  private plus(other: Expr, sign: 1 | -1): Expr {
    if (!(other instanceof Expr) || other.trace !== this.trace) {
      throw expected('an Expr of the same step', 'operand', other, 'Keep values between steps in `step.carry`.');
    }
    const terms = new Map(this.terms);
    for (const [slot, c] of other.terms) {
      const signed = sign === 1 ? c : product(c, -1);
      const before = terms.get(slot);
      terms.set(slot, before === undefined ? signed : sum(before, signed));
    }
    return new Expr(this.trace, terms);
  }

  /** Terms in the order in which they are accumulated: by slot. */
  ordered(): [Slot, Coefficient][] {
    return [...this.terms].sort(([a], [b]) => a.id - b.id);
  }

  /** The slot, where this is exactly 1·slot in a buffer. */
  asSlot(): Slot | undefined {
    const [only, ...rest] = this.ordered();
    if (only === undefined || rest.length > 0 || only[0].kind === 'noise') return undefined;
    return every(only[1], (c) => c === 1) ? only[0] : undefined;
  }

  equals(other: Expr): boolean {
    if (this.terms.size !== other.terms.size) return false;
    for (const [slot, c] of this.terms) {
      const d = other.terms.get(slot);
      if (d === undefined || !equal(c, d)) return false;
    }
    return true;
  }
}
