/** The networks of one run: each pair of (network, conditioning) is one evaluator, known by its number. */
import type { NetKwargs, Network } from '../nets/network';

export interface Evaluator {
  readonly network: Network;
  readonly kwargs: NetKwargs;
  readonly name: string;
}

export class Evaluators {
  readonly list: Evaluator[] = [];

  /** The number of this pair; the same objects give the same number. Other conditioning of a network adds a prime to its name. */
  idOf(network: Network, kwargs: NetKwargs, name: string): number {
    const found = this.list.findIndex((e) => e.network === network && e.kwargs === kwargs);
    if (found >= 0) return found;
    const again = this.list.filter((e) => e.network === network).length;
    return this.list.push({ network, kwargs, name: name + "'".repeat(again) }) - 1;
  }
}
