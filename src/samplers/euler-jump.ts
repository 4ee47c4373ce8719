/** Jumps along a flow map. */
import type { Expr } from '../trace/expr';
import { Samplers } from './samplers';
import type { Step } from './step';

/**
 * x_r = x_t + (r - t) u(x_t, t, r), from one jump to many. Guidance applies to u like everywhere else.
 * Source: Geng et al., "Mean Flows for One-step Generative Modeling", 2025, eq. 12; as in diffuse_nnx, whose version
 * ignores guidance.
 * One network evaluation per jump (two with guidance). Exact for an exact flow map, so no order is declared.
 *
 * @example
 * const samples = await new EulerJumpSampler({ numSamplingSteps: 2 }).sample(new Rng(1), meanFlowNet, [16, 4]);
 */
export class EulerJumpSampler extends Samplers {
  forward({ net, x, tCurr, tNext, dt }: Step): Expr {
    return x.add(net.averageVelocity(x, tCurr, tNext).scale(dt));
  }

  lastStep(step: Step): Expr {
    return this.forward(step);
  }
}
