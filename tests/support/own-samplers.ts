/** Samplers that a user would write: they run fused, without native code of their own. */
import { eulerStep, Samplers, type Expr, type Step } from '../../src';

/** x' = x + dt v(x + dt/2 v(x, t), t + dt/2) */
export class MidpointSampler extends Samplers {
  override readonly order = 2;

  forward({ net, x, tCurr, dt }: Step): Expr {
    const half = x.add(net.velocity(x, tCurr).scale(dt / 2));
    return x.add(net.velocity(half, tCurr + dt / 2).scale(dt));
  }

  lastStep(step: Step): Expr {
    return eulerStep(step);
  }
}

/** Two-step Adams-Bashforth with variable steps. */
export class Ab2Sampler extends Samplers {
  override readonly order = 2;

  forward({ net, x, tCurr, dt, dtPrev, carry }: Step): Expr {
    const v = net.velocity(x, tCurr);
    const u = carry['v'];
    carry['v'] = v;
    if (u === undefined || dtPrev === undefined) return x.add(v.scale(dt));
    const r = dt / dtPrev;
    return x.add(v.scale(dt * (1 + r / 2))).sub(u.scale((dt * r) / 2));
  }

  lastStep(step: Step): Expr {
    return eulerStep(step);
  }
}

/** Euler with noise in every step but the last: any stochastic sampler. */
export class NoisySampler extends Samplers {
  forward(step: Step): Expr {
    return eulerStep(step)
      .add(step.noise().scale(0.3 * Math.sqrt(Math.abs(step.dt))))
      .add(step.noise().scale(-0.2));
  }

  lastStep(step: Step): Expr {
    return eulerStep(step);
  }
}

/** The state as it is, in every step; and a value that is carried along as it came. */
export class Still extends Samplers {
  forward({ x, carry }: Step): Expr {
    carry['same'] = carry['same'] ?? x.scale(2);
    return x;
  }

  lastStep(step: Step): Expr {
    return this.forward(step);
  }
}
