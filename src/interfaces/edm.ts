/** EDM: the variance-exploding path with a preconditioned network. */
import { expected, refuseUnknownKeys } from '../errors';
import type { Network } from '../nets/network';
import type { InterfaceRecord } from './interface-record';
import { ModelInterface } from './model-interface';

export interface EdmOptions {
  /** Standard deviation of the data that the preconditioning assumes (default 0.5). */
  sigmaData?: number;
}

/**
 * x_sigma = x0 + sigma n; the clock is sigma. The network sees (cIn x, ln(sigma)/4) and gives F with
 * D = cSkip x + cOut F: cSkip = sd²/(sigma²+sd²), cOut = sigma sd/sqrt(sigma²+sd²), cIn = 1/sqrt(sigma²+sd²).
 * Source: Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", 2022, table 1.
 */
export function edmRecord(sigmaData = 0.5): InterfaceRecord {
  const total = (sigma: number): number => Math.sqrt(sigma * sigma + sigmaData * sigmaData);
  return Object.freeze({
    name: 'EDM',
    path: { a: () => 1, s: (sigma: number) => sigma, da: () => 0, ds: () => 1 },
    predicts: 'F' as const,
    preconditioning: {
      cIn: (sigma: number) => 1 / total(sigma),
      cSkip: (sigma: number) => (sigmaData / total(sigma)) ** 2,
      cOut: (sigma: number) => (sigma * sigmaData) / total(sigma),
      cNoise: (sigma: number) => Math.log(sigma) / 4,
    },
    range: { min: 0, max: Number.POSITIVE_INFINITY },
    singular: [0],
  });
}

/**
 * A network with EDM's preconditioning. Grids are in sigma: the exp grid, or a uniform one with an explicit tStart.
 *
 * @example
 * const net = new EDMInterface(await OnnxNet.load('edm.onnx', { device }));
 * const sampler = new HeunSampler({ numSamplingSteps: 18, samplingTimeDist: 'exp' });
 */
export class EDMInterface extends ModelInterface {
  constructor(network: Network, options: EdmOptions = {}) {
    refuseUnknownKeys(options, ['sigmaData'], 'options');
    const { sigmaData } = options;
    if (sigmaData !== undefined && !(typeof sigmaData === 'number' && sigmaData > 0 && Number.isFinite(sigmaData))) {
      throw expected('a positive finite number', 'sigmaData', sigmaData);
    }
    super(edmRecord(sigmaData), network);
  }
}
