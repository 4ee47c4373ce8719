/** Heun's method. */
import { expected } from '../errors';
import type { InterfaceRecord } from '../interfaces/interface-record';
import type { Expr } from '../trace/expr';
import { Samplers, type SamplersConfig } from './samplers';
import { eulerStep, type Step } from './step';

export interface HeunConfig extends SamplersConfig {
  /** 'euler' (default, as in the contract), or 'full' where the interface can be evaluated at the last time. */
  lastStep?: 'euler' | 'full';
}

/**
 * x1 = x + dt v(x, t); x' = x + dt/2 (v(x, t) + v(x1, t')). Both velocities are guided, so with guidance both networks
 * are evaluated at both points.
 * Source: Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", 2022, algorithm 1
 * without churn.
 * Order 2, two network evaluations per step (four with guidance); one in a last step by Euler.
 *
 * @example
 * const digits = await new HeunSampler({ numSamplingSteps: 32 }).sample(new Rng(1), net, [16, 1, 28, 28]);
 */
export class HeunSampler extends Samplers {
  readonly order = 2;
  private readonly lastStepKind: 'euler' | 'full';

  /** @throws InvalidArgumentError naming the option. */
  constructor(config: HeunConfig = {}) {
    const { lastStep = 'euler', ...rest } = config;
    super(rest);
    if (lastStep !== 'euler' && lastStep !== 'full') throw expected("'euler' or 'full'", 'lastStep', lastStep);
    this.lastStepKind = lastStep;
  }

  override sampleT(record: InterfaceRecord): Float64Array {
    const grid = super.sampleT(record);
    const end = grid.at(-1) as number;
    if (this.lastStepKind === 'full' && record.singular?.includes(end) === true) {
      throw expected(`'euler', as ${record.name} is singular at ${end},`, 'lastStep', this.lastStepKind);
    }
    return grid;
  }

  forward({ net, x, tCurr, tNext, dt }: Step): Expr {
    const v = net.velocity(x, tCurr);
    const x1 = x.add(v.scale(dt));
    return x.add(v.add(net.velocity(x1, tNext)).scale(dt / 2));
  }

  lastStep(step: Step): Expr {
    return this.lastStepKind === 'full' ? this.forward(step) : eulerStep(step);
  }
}
