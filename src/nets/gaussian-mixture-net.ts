/** `GaussianMixtureNet`: the exact velocity of an isotropic Gaussian mixture; a network without training or JavaScript. */
import { Device } from '../device';
import { DisposedError, expected, refuseUnknownKeys } from '../errors';
import type { NativeEvaluator, NativeNetwork } from '../native';
import type { NativeNet, NetKwargs } from './network';

export interface GaussianMixture {
  /** [K], positive; normalised to sum 1. */
  weights: ArrayLike<number>;
  /** [K][d], d the elements of one row. */
  means: ArrayLike<ArrayLike<number>>;
  /** Standard deviation of each component, [K], positive. */
  deviations: ArrayLike<number>;
}

function checkPositive(values: ArrayLike<number>, count: number, option: string): Float32Array {
  if (typeof values !== 'object' || values === null || values.length !== count) {
    throw expected(`an array of ${count} positive numbers`, option, values);
  }
  return Float32Array.from(values, (value: number, i: number) => {
    if (!(value > 0 && Number.isFinite(Math.fround(value))))
      throw expected('a positive finite number', `${option}[${i}]`, value);
    return value;
  });
}

/**
 * For data that are a mixture Σ w_k N(mu_k, sigma_k² I) on the SiT path x_t = (1 - t) x0 + t n, the posterior of each
 * component is Gaussian, so v = E[n - x0 | x_t] has a closed form:
 * v = Σ γ_k [ -mu_k + β_k (x - (1-t) mu_k) ], β_k = (t - (1-t) sigma_k²) / ((1-t)² sigma_k² + t²),
 * with γ_k the posterior weights. Finite on all of [0, 1]. Evaluated in float32 on the device of the run.
 *
 * @example
 * const device = await Device.open('cpu');
 * const net = new SiTInterface(
 *   GaussianMixtureNet.create({ weights: [1, 1], means: [[-1, 0], [1, 0]], deviations: [0.2, 0.2] }, { device }),
 * );
 */
export class GaussianMixtureNet implements NativeNet {
  readonly name = 'GaussianMixtureNet';
  readonly device: Device;
  /** Elements of one row. */
  readonly elements: number;
  private handle: NativeNetwork | undefined;

  private constructor(handle: NativeNetwork, elements: number, device: Device) {
    this.handle = handle;
    this.elements = elements;
    this.device = device;
  }

  /** @throws InvalidArgumentError naming the option. */
  static create(mixture: GaussianMixture, options: { device?: Device } = {}): GaussianMixtureNet {
    refuseUnknownKeys(mixture, ['weights', 'means', 'deviations'], 'mixture');
    refuseUnknownKeys(options, ['device'], 'options');
    const { device = Device.default() } = options;
    const count = mixture.means?.length;
    if (!Number.isSafeInteger(count) || count < 1) throw expected('at least one mean', 'means', mixture.means);
    checkPositive(mixture.weights, count, 'weights');
    const deviations = checkPositive(mixture.deviations, count, 'deviations');
    const elements = mixture.means[0]?.length ?? 0;
    const means = new Float32Array(count * elements);
    for (let k = 0; k < count; k++) {
      const mean = mixture.means[k] as ArrayLike<number>;
      if (mean.length !== elements) throw expected(`${elements} numbers, as in means[0]`, `means[${k}]`, mean);
      for (let i = 0; i < elements; i++) {
        const value = mean[i] as number;
        if (!Number.isFinite(Math.fround(value))) throw expected('a finite number', `means[${k}][${i}]`, value);
        means[k * elements + i] = value;
      }
    }
    const total = Array.from(mixture.weights).reduce((sum, w) => sum + w, 0);
    const shares = Float32Array.from(mixture.weights, (w) => w / total);
    return new GaussianMixtureNet(device.native.mixture(shares, means, deviations), elements, device);
  }

  /** @internal */
  bind(_rows: number, rowShape: readonly number[], kwargs: NetKwargs): NativeEvaluator {
    if (this.handle === undefined) throw new DisposedError(this.name);
    const elements = rowShape.reduce((n, d) => n * d, 1);
    if (elements !== this.elements) throw expected(`rows of ${this.elements} elements`, 'shape', rowShape);
    refuseUnknownKeys(kwargs, [], 'netKwargs of GaussianMixtureNet');
    return { network: this.handle, ports: null, inputs: {} };
  }

  /** Frees its memory. Idempotent; runs under way keep what they need. */
  dispose(): void {
    this.handle?.release();
    this.handle = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
