/** SiT: the linear path (rectified flow) with a velocity network. */
import type { Network } from '../nets/network';
import type { InterfaceRecord } from './interface-record';
import { ModelInterface } from './model-interface';

/**
 * x_t = (1 - t) x0 + t n, noise at t = 1, data at t = 0; the network sees (x, t) and predicts v = n - x0.
 * Source: Ma et al., "SiT", 2024, with time reversed; Liu et al., "Flow Straight and Fast", 2022.
 */
export const SIT: InterfaceRecord = Object.freeze({
  name: 'SiT',
  path: { a: (t: number) => 1 - t, s: (t: number) => t, da: () => -1, ds: () => 1 },
  predicts: 'v' as const,
  range: { min: 0, max: 1 },
});

/**
 * A velocity network on the SiT path.
 *
 * @example
 * const net = new SiTInterface(({ x, t, out }) => { for (let i = 0; i < x.length; i++) out[i] = x[i]; });
 */
export class SiTInterface extends ModelInterface {
  constructor(network: Network) {
    super(SIT, network);
  }
}
