/** MeanFlow: a flow map on the SiT path, which sees where it goes. */
import { expected, refuseUnknownKeys } from '../errors';
import type { Network } from '../nets/network';
import type { InterfaceRecord } from './interface-record';
import { ModelInterface } from './model-interface';
import { SIT } from './sit';

export interface MeanFlowOptions {
  /** What the network takes as its second time: r itself, or the length t - r (default 'r'). */
  secondTime?: 'r' | 't-r';
}

/**
 * The path of SiT; the network gives the average velocity u(x, t, r) of the jump from t to r, x_r = x_t + (r - t) u.
 * The velocity is u(x, t, t), so ordinary samplers run on it as well.
 * Source: Geng et al., "Mean Flows for One-step Generative Modeling", 2025.
 */
export function meanFlowRecord(secondTime: 'r' | 't-r' = 'r'): InterfaceRecord {
  return Object.freeze({ ...SIT, name: 'MeanFlow', secondTime });
}

/**
 * A MeanFlow network.
 *
 * @example
 * const net = new MeanFlowInterface(({ x, t, r, out }) => { ... });
 * const samples = await new EulerJumpSampler({ numSamplingSteps: 1 }).sample(new Rng(1), net, [16, 4]);
 */
export class MeanFlowInterface extends ModelInterface {
  constructor(network: Network, options: MeanFlowOptions = {}) {
    refuseUnknownKeys(options, ['secondTime'], 'options');
    const { secondTime } = options;
    if (secondTime !== undefined && secondTime !== 'r' && secondTime !== 't-r') {
      throw expected("'r' or 't-r'", 'secondTime', secondTime);
    }
    super(meanFlowRecord(secondTime), network);
  }
}
