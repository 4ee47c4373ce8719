/** Networks as JavaScript functions, for tests. */
import { SiTInterface, type NetworkFunction } from '../../src';
import { exactVelocity, type Mixture64 } from './mixture';

export const sit = (network: NetworkFunction): SiTInterface => new SiTInterface(network);

/** The exact velocity of a mixture, computed in float64 by JavaScript. */
export function mixtureFunction(mixture: Mixture64): NetworkFunction {
  const velocity = exactVelocity(mixture);
  return ({ x, t, out }) => out.set(velocity(Float64Array.from(x), Float64Array.from(t)));
}
