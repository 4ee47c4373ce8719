/** Euler's method. */
import type { Expr } from '../trace/expr';
import { Samplers } from './samplers';
import { eulerStep, type Step } from './step';

/**
 * x' = x + dt v(x, t). On the SiT path this is DDIM.
 * Source: Euler; Song et al., "Score-Based Generative Modeling through SDEs", 2021, probability-flow ODE.
 * Order 1, one network evaluation per step (two with guidance).
 *
 * @example
 * const digits = await new EulerSampler({ numSamplingSteps: 50 }).sample(new Rng(1), net, [16, 1, 28, 28]);
 */
export class EulerSampler extends Samplers {
  readonly order = 1;

  forward(step: Step): Expr {
    return eulerStep(step);
  }

  lastStep(step: Step): Expr {
    return eulerStep(step);
  }
}
