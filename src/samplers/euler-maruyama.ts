/** Euler-Maruyama: the reverse-time SDE with a diffusion coefficient of one's choice. */
import { expected } from '../errors';
import type { InterfaceRecord } from '../interfaces/interface-record';
import type { Expr } from '../trace/expr';
import {
  checkCoeff,
  checkCoeffOnGrid,
  type CheckedCoeff,
  type DiffusionCoeff,
  type DiffusionCoeffFunction,
} from './diffusion-coefficient';
import { Samplers, type SamplersConfig } from './samplers';
import type { Step } from './step';

export interface EulerMaruyamaConfig extends SamplersConfig {
  /** w(t) = g², by name or as a function of the interface's clock (default 'linear_kl'). */
  diffusionCoeff?: DiffusionCoeff | DiffusionCoeffFunction;
  /** k of the named coefficients (default 1). */
  diffusionCoeffNorm?: number;
  /**
   * 'denoise' (default): D, the posterior mean, where the grid ends at clean data; a step like the others where it ends
   * with noise. 'mean': the drift without noise, biased by (w/2) eps, as in diffuse_nnx.
   */
  lastStep?: 'denoise' | 'mean';
}

/**
 * x' = x + dt d + sqrt(w |dt|) z with d = v + sign(dt) (w/2) score: whichever way time and noise run, the noise that is
 * added is balanced by |dt| (w/2) score. On SiT and EDM, from noise to data, d = v - (w/2) score. One network evaluation
 * gives both v and score.
 * Source: Song et al., 2021, reverse-time SDE; Ma et al., "SiT", 2024, section 2.4 (their sigma² is our w).
 * Noise is additive: strong order 1.0, weak order 1. One network evaluation per step (two with guidance).
 * The explicit step is stiff where |dt| > 4 t²/w (narrow data, large w near data): refine the grid there.
 * w = 0 is Euler's method; on EDM, 'linear' with norm 2 is the exact reversal of x0 + sigma n.
 *
 * @example
 * const sampler = new EulerMaruyamaSampler({ numSamplingSteps: 250, diffusionCoeff: 'linear', diffusionCoeffNorm: 2 });
 */
export class EulerMaruyamaSampler extends Samplers {
  private readonly coeff: CheckedCoeff;
  private readonly lastStepKind: 'denoise' | 'mean';

  /** @throws InvalidArgumentError naming the option. */
  constructor(config: EulerMaruyamaConfig = {}) {
    const { diffusionCoeff = 'linear_kl', diffusionCoeffNorm, lastStep = 'denoise', ...rest } = config;
    super(rest);
    if (lastStep !== 'denoise' && lastStep !== 'mean') throw expected("'denoise' or 'mean'", 'lastStep', lastStep);
    this.coeff = checkCoeff(diffusionCoeff, diffusionCoeffNorm);
    this.lastStepKind = lastStep;
  }

  override sampleT(record: InterfaceRecord): Float64Array {
    const grid = super.sampleT(record);
    checkCoeffOnGrid(this.coeff, grid, record);
    return grid;
  }

  private drift({ net, x, tCurr, dt }: Step): Expr {
    return net.velocity(x, tCurr).add(net.score(x, tCurr).scale((Math.sign(dt) * this.coeff.w(tCurr)) / 2));
  }

  forward(step: Step): Expr {
    const { x, dt, tCurr } = step;
    const spread = Math.sqrt(this.coeff.w(tCurr) * Math.abs(dt));
    return x.add(this.drift(step).scale(dt)).add(step.noise().scale(spread));
  }

  lastStep(step: Step): Expr {
    const { net, x, dt, tCurr, tNext, path } = step;
    if (this.lastStepKind === 'mean') return x.add(this.drift(step).scale(dt));
    return path.s(tNext) > 0 ? this.forward(step) : net.denoised(x, tCurr);
  }
}
