/** Heun's method. */
import type { Expr } from '../trace/expr';
import { Samplers } from './samplers';
import { eulerStep, type Step } from './step';

/**
 * x1 = x + dt v(x, t); x' = x + dt/2 (v(x, t) + v(x1, t')). Both velocities are guided, so with guidance both networks
 * are evaluated at both points.
 * Source: Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", 2022, algorithm 1
 * without churn.
 * Order 2, two network evaluations per step (four with guidance). The last step is Euler's, as in the contract.
 *
 * @example
 * const digits = await new HeunSampler({ numSamplingSteps: 32 }).sample(new Rng(1), net, [16, 1, 28, 28]);
 */
export class HeunSampler extends Samplers {
  readonly order = 2;

  forward({ net, x, tCurr, tNext, dt }: Step): Expr {
    const v = net.velocity(x, tCurr);
    const x1 = x.add(v.scale(dt));
    return x.add(v.add(net.velocity(x1, tNext)).scale(dt / 2));
  }

  lastStep(step: Step): Expr {
    return eulerStep(step);
  }
}
