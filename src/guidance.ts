/** Guidance: y = u + w (c - u) for every prediction, traced symbolically with one scale per row class. */
import type { Prediction } from './interfaces/interface-record';
import { product, sum, type Coefficient } from './trace/coefficient';
import type { Expr } from './trace/expr';

/** What a sampler sees: predictions at (x, t), guided already. */
export interface GuidedNet {
  /** dx/dt */
  velocity(x: Expr, t: number): Expr;
  /** Gradient of the log density. */
  score(x: Expr, t: number): Expr;
  /** Expectation of the clean sample, D. */
  denoised(x: Expr, t: number): Expr;
  /** Expectation of the noise, eps. */
  noise(x: Expr, t: number): Expr;
}

type Ask = (kind: Prediction, x: Expr, t: number) => Expr;

/**
 * A net whose every prediction is `u + w (c - u)`, c from `conditional` and u from `guide`.
 * Source: Ho & Salimans, "Classifier-Free Diffusion Guidance", 2022 (their w is our w - 1).
 * Predictions are affine in one another with weights that sum to 1, so guiding any of them is the same.
 */
export function guidedNet(conditional: Ask, guide: Ask | undefined, w: Coefficient): GuidedNet {
  const ask: Ask = (kind, x, t) => {
    const c = conditional(kind, x, t);
    if (guide === undefined) return c;
    const u = guide(kind, x, t);
    return u.times(sum(1, product(w, -1))).add(c.times(w));
  };
  return {
    velocity: (x, t) => ask('velocity', x, t),
    score: (x, t) => ask('score', x, t),
    denoised: (x, t) => ask('denoised', x, t),
    noise: (x, t) => ask('noise', x, t),
  };
}
