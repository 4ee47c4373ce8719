/** `GaussianMixtureNet`: the exact network of an isotropic Gaussian mixture, without training or JavaScript. */
import { checkDevice, Device } from '../device';
import { expected, refuseUnknownKeys } from '../errors';
import { lengthOf, ofLength } from '../given-array';
import { Handle } from '../handle';
import { fromNativeError } from '../native-error';
import type { NativeEvaluator, NativeInput, NativeMixture, NativeNetwork } from '../native';
import { FLOAT32, type NativeNet, type NetKwargs } from './network';

export interface GaussianMixture {
  /** [K], positive; normalised to sum 1. */
  weights: ArrayLike<number>;
  /** [K][d], d the elements of one row. */
  means: ArrayLike<ArrayLike<number>>;
  /** Standard deviation of each component, [K], positive. */
  deviations: ArrayLike<number>;
  /** Class of each component, [K], from 0 (default: no classes). */
  classes?: ArrayLike<number>;
}

export interface GaussianMixtureNetOptions {
  device?: Device;
  /** What it stands in for: a velocity network of SiT (default), or F of EDM's preconditioning. */
  interface?: 'sit' | 'edm';
  /** With 'edm': the standard deviation that the preconditioning assumes (default 0.5), as in EDMInterface. */
  sigmaData?: number;
}

/** The label of rows that see all components. */
const ALL_CLASSES = -1;

function checkPositive(values: ArrayLike<number>, count: number, option: string): Float32Array {
  if (lengthOf(values) !== count) {
    throw expected(`an array of ${count} positive numbers`, option, values);
  }
  return Float32Array.from({ length: count }, (_, i) => {
    const value: unknown = values[i];
    if (typeof value !== 'number' || !(value > 0 && Number.isFinite(Math.fround(value))))
      throw expected('a positive finite number', `${option}[${i}]`, value);
    return value;
  });
}

function checkMeans(means: GaussianMixture['means']): { values: Float32Array; count: number; elements: number } {
  const count = lengthOf(means);
  if (count === undefined || count < 1) throw expected('at least one mean', 'means', means);
  const elements = lengthOf(means[0]) ?? 0;
  const values = ofLength(count * elements, 'means', () => new Float32Array(count * elements));
  for (let k = 0; k < count; k++) {
    const mean = means[k];
    if (mean === undefined || lengthOf(mean) !== elements)
      throw expected(`${elements} numbers, as in means[0]`, `means[${k}]`, mean);
    for (let i = 0; i < elements; i++) {
      const value: unknown = mean[i];
      if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
        throw expected('a finite number', `means[${k}][${i}]`, value);
      values[k * elements + i] = value;
    }
  }
  return { values, count, elements };
}

function checkLabels(labels: ArrayLike<number>, count: number, least: number, option: string): Int32Array {
  if (lengthOf(labels) !== count) {
    throw expected(`an array of ${count} integers`, option, labels);
  }
  return Int32Array.from(labels, (label: number, i: number) => {
    if (!Number.isInteger(label) || label < least || label >= 2 ** 31) {
      throw expected(`an integer of at least ${least}`, `${option}[${i}]`, label);
    }
    return label;
  });
}

/**
 * The exact network for data that are a mixture Σ w_k N(mu_k, sigma_k² I): given x_t, the posterior of each component
 * is Gaussian, so the expectations of x0 and n, and with them v or F, have closed forms. On SiT
 * v = Σ γ_k [ -mu_k + β_k (x - (1-t) mu_k) ], β_k = (t - (1-t) sigma_k²) / ((1-t)² sigma_k² + t²),
 * with γ_k the posterior weights. Evaluated in float32 on the device of the run; finite wherever the interface is.
 * With classes, the kwarg `y` (one label, or one per row; -1 for all) selects the components that a row sees.
 *
 * @example
 * const device = await Device.open('cpu');
 * const net = new SiTInterface(
 *   GaussianMixtureNet.create({ weights: [1, 1], means: [[-1, 0], [1, 0]], deviations: [0.2, 0.2] }, { device }),
 * );
 */
export class GaussianMixtureNet implements NativeNet {
  readonly name = 'GaussianMixtureNet';
  readonly dtypes = FLOAT32;
  readonly device: Device;
  /** Elements of one row. */
  readonly elements: number;
  private readonly handle: Handle<NativeNetwork>;
  private readonly classes: Int32Array | null;

  private constructor(spec: NativeMixture, elements: number, device: Device) {
    this.classes = spec.classes;
    this.elements = elements;
    this.device = device;
    try {
      this.handle = new Handle(device.native.mixture(spec), this.name);
    } catch (error) {
      throw fromNativeError(error);
    }
  }

  /** @throws InvalidArgumentError naming the option. */
  static create(mixture: GaussianMixture, options: GaussianMixtureNetOptions = {}): GaussianMixtureNet {
    refuseUnknownKeys(mixture, ['weights', 'means', 'deviations', 'classes'], 'mixture');
    refuseUnknownKeys(options, ['device', 'interface', 'sigmaData'], 'options');
    const { device = Device.default(), interface: kind = 'sit', sigmaData = 0.5 } = options;
    checkDevice(device, 'device');
    if (kind !== 'sit' && kind !== 'edm') throw expected("'sit' or 'edm'", 'interface', kind);
    if (kind === 'sit' && options.sigmaData !== undefined) {
      throw expected("to be absent with interface 'sit'", 'sigmaData', options.sigmaData);
    }
    if (!(sigmaData > 0 && Number.isFinite(sigmaData)))
      throw expected('a positive finite number', 'sigmaData', sigmaData);
    const { values: means, count, elements } = checkMeans(mixture.means);
    const weights = checkPositive(mixture.weights, count, 'weights');
    const deviations = checkPositive(mixture.deviations, count, 'deviations');
    const classes = mixture.classes === undefined ? null : checkLabels(mixture.classes, count, 0, 'classes');
    const total = weights.reduce((sum, w) => sum + w, 0);
    const spec = { kind, sigmaData, weights: weights.map((w) => w / total), means, deviations, classes };
    return new GaussianMixtureNet(spec, elements, device);
  }

  /** @internal */
  hold(): () => void {
    return this.handle.hold().release;
  }

  /** @internal */
  bind(rows: number, rowShape: readonly number[], kwargs: NetKwargs, kwargsName: string): NativeEvaluator {
    const elements = rowShape.reduce((n, d) => n * d, 1);
    if (elements !== this.elements) throw expected(`rows of ${this.elements} elements`, 'shape', rowShape);
    refuseUnknownKeys(kwargs, this.classes === null ? [] : ['y'], `${kwargsName} of GaussianMixtureNet`);
    return { network: this.handle.whileHeld(), ports: null, inputs: this.labels(kwargs['y'], rows, `${kwargsName}.y`) };
  }

  private labels(y: unknown, rows: number, option: string): Record<string, NativeInput> {
    if (this.classes === null || y === undefined) return {};
    const given = typeof y === 'number' ? new Array<number>(rows).fill(y) : (y as ArrayLike<number>);
    const data = checkLabels(given, rows, ALL_CLASSES, option);
    data.forEach((label, row) => {
      if (label !== ALL_CLASSES && this.classes?.includes(label) !== true) {
        throw expected(`${ALL_CLASSES} or a class of the mixture`, `${option}[${row}]`, label);
      }
    });
    return { y: { data, shape: [rows] } };
  }

  /** Frees its memory. Idempotent; runs under way keep what they need. */
  dispose(): void {
    this.handle.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
