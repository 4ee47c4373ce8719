/** What tests of replayed steps sample with: networks that are kernels alone, and samplers that show where they are. */
import { eulerStep, Samplers, type Expr, type SampleOptions, type Step } from '../../src';

export function labelled(y: number[]): SampleOptions {
  return { netKwargs: { y: Int32Array.from(y) } };
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
