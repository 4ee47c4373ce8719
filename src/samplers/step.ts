/** What a sampler's `forward` and `lastStep` receive: one step, as symbols and float64 scalars. */
import type { GuidedNet } from '../guidance';
import type { Path } from '../interfaces/interface-record';
import type { Expr } from '../trace/expr';

export interface Step {
  /** The net, guided already. */
  readonly net: GuidedNet;
  /** a(t) and s(t) of the net's interface, with their derivatives. */
  readonly path: Path;
  /** The state at tCurr. */
  readonly x: Expr;
  readonly tCurr: number;
  readonly tNext: number;
  /** tNext - tCurr, signed. */
  readonly dt: number;
  /** dt of the step before, undefined in the first. */
  readonly dtPrev: number | undefined;
  /** Index of the step, from 0, and their number. */
  readonly index: number;
  readonly count: number;
  /**
   * What earlier steps kept, by name. Assign to keep a value for later steps; what is not assigned stays, what is
   * deleted is dropped. A sampler keeps nothing between steps in `this`.
   */
  readonly carry: Record<string, Expr | undefined>;
  /** Fresh unit normals. */
  noise(): Expr;
}

/** The mathematics of a sampler, as far as a plan needs it. */
export interface Formula {
  forward(step: Step): Expr;
  lastStep(step: Step): Expr;
}

/** x + dt v(x, tCurr): Euler's step, and the usual last step. */
export function eulerStep({ net, x, tCurr, dt }: Step): Expr {
  return x.add(net.velocity(x, tCurr).scale(dt));
}
