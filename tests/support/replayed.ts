/** What tests of replayed steps sample with: networks that are kernels alone, and samplers that show where they are. */
import { eulerStep, Samplers, SiTInterface, type Expr, type SampleOptions, type Step } from '../../src';
import type { NetKwargs } from '../../src/nets/network';

export const LABELLED_MIXTURE = {
  weights: [1, 2],
  means: [
    [0, 1, 2, 3],
    [1, -1, 0, 0],
  ],
  deviations: [0.5, 0.25],
  classes: [0, 1],
};

export function labelled(y: number[]): SampleOptions {
  return { netKwargs: { y: Int32Array.from(y) } };
}

/** A flow map out of a velocity. */
export class MidpointFlow extends SiTInterface {
  override averageVelocity(x: Expr, t: number, r: number, kwargs: NetKwargs): Expr {
    return this.velocity(x, (t + r) / 2, kwargs);
  }
}

/** x' = 10^4 x + dt v: a network that squares unit values overflows in the fifth step. */
export class GrowingSampler extends Samplers {
  forward({ net, x, tCurr, dt }: Step): Expr {
    return x.scale(1e4).add(net.velocity(x, tCurr).scale(dt));
  }

  lastStep(step: Step): Expr {
    return eulerStep(step);
  }
}

/** Equal for equal bits alone. */
export function bitsOf(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');
}
