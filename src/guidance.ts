/** Guidance: y = u + w (c - u) for every prediction, traced symbolically with one scale per row class. */
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
  /** Average velocity u of the jump from t to r. @throws InvalidArgumentError where the net is no flow map. */
  averageVelocity(x: Expr, t: number, r: number): Expr;
}

/** A prediction of one net; `r` is used by the average velocity alone. */
export type Ask = (kind: keyof GuidedNet, x: Expr, t: number, r: number) => Expr;

/**
 * A net whose every prediction is `u + w (c - u)`, c from `conditional` and u from `guide`.
 * Source: Ho & Salimans, "Classifier-Free Diffusion Guidance", 2022 (their w is our w - 1).
 * Predictions are affine in one another with weights that sum to 1, so guiding any of them is the same.
 *
 * @param scale w at time t, per row class.
 */
export function guidedNet(conditional: Ask, guide: Ask | undefined, scale: (t: number) => Coefficient): GuidedNet {
  const ask: Ask = (kind, x, t, r) => {
    const c = conditional(kind, x, t, r);
    if (guide === undefined) return c;
    const w = scale(t);
    return guide(kind, x, t, r)
      .times(sum(1, product(w, -1)))
      .add(c.times(w));
  };
  return {
    velocity: (x, t) => ask('velocity', x, t, t),
    score: (x, t) => ask('score', x, t, t),
    denoised: (x, t) => ask('denoised', x, t, t),
    noise: (x, t) => ask('noise', x, t, t),
    averageVelocity: (x, t, r) => ask('averageVelocity', x, t, r),
  };
}
