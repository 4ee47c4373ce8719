/** The networks of one run: each pair of (network, conditioning) is one evaluator, known by its number. */
import { networkDtypes, type NetKwargs, type Network, type NetworkDtypes } from '../nets/network';

export interface Evaluator {
  readonly network: Network;
  readonly kwargs: NetKwargs;
  readonly name: string;
  readonly dtypes: NetworkDtypes;
}

export class Evaluators {
  readonly list: Evaluator[] = [];

  /** The number of this pair; the same objects give the same number. Other conditioning of a network adds a prime to its name. */
  idOf(network: Network, kwargs: NetKwargs, name: string): number {
    const found = this.list.findIndex((e) => e.network === network && e.kwargs === kwargs);
    if (found >= 0) return found;
    const again = this.list.filter((e) => e.network === network).length;
    const dtypes = networkDtypes(network);
    return this.list.push({ network, kwargs, name: name + "'".repeat(again), dtypes }) - 1;
  }
}
