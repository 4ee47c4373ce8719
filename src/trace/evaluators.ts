/** The networks of one run: each pair of (network, conditioning) is one evaluator, known by its number. */
import type { NetKwargs, Network } from '../nets/network';

export interface Evaluator {
  readonly network: Network;
  readonly kwargs: NetKwargs;
  readonly name: string;
}

export class Evaluators {
  readonly list: Evaluator[] = [];

  /** The number of this pair; the same objects give the same number. */
  idOf(network: Network, kwargs: NetKwargs, name: string): number {
    const found = this.list.findIndex((e) => e.network === network && e.kwargs === kwargs);
    return found >= 0 ? found : this.list.push({ network, kwargs, name }) - 1;
  }
}
