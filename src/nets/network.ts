/** Networks: a JavaScript function, or one that the engine evaluates itself. */
import type { Device } from '../device';
import type { NativeDtype, NativeEvaluator } from '../native';

/** Conditioning of a run, by name; what the names mean is the network's own. */
export type NetKwargs = Readonly<Record<string, unknown>>;

/** One call of a JavaScript network. The arrays belong to the call: they are detached when it settles or the run ends. */
export interface NetworkCall {
  /** The network's input (cIn x), [n, ...] flat. */
  readonly x: Float32Array;
  /** Time of every row, [n], in the network's own clock. */
  readonly t: Float32Array;
  /** Second time of every row, [n], for a flow map: the end r of the jump, or its length t - r. */
  readonly r: Float32Array | undefined;
  /** The kwargs given for this net, as they were given. */
  readonly cond: NetKwargs;
  /** To be filled with the prediction, [n, ...] flat; or return an array of that length instead. */
  readonly out: Float32Array;
  /** [n, ...] */
  readonly shape: readonly number[];
  /** The run's signal, if it has one. */
  readonly signal: AbortSignal | undefined;
}

export type NetworkFunction = (call: NetworkCall) => void | Float32Array | Promise<void | Float32Array>;

export interface NetworkDtypes {
  readonly input: NativeDtype;
  readonly output: NativeDtype;
}

export const FLOAT32: NetworkDtypes = Object.freeze({ input: 'float32', output: 'float32' });

/** A network that runs without JavaScript. Implemented by OnnxNet and GaussianMixtureNet. */
export interface NativeNet {
  readonly name: string;
  /** Where it runs. */
  readonly device: Device;
  /** How the state's input and the prediction lie in memory. */
  readonly dtypes: NetworkDtypes;
  /** Keeps it usable until the returned function is called, whatever is disposed of meanwhile. */
  hold(): () => void;
  /**
   * Checks that it can run on [rows, ...rowShape] with these kwargs, and binds them.
   * @param option What errors call the kwargs: 'netKwargs' or 'gNetKwargs'.
   * @throws InvalidArgumentError naming the kwarg or dimension.
   */
  bind(rows: number, rowShape: readonly number[], kwargs: NetKwargs, option: string): NativeEvaluator;
}

export type Network = NetworkFunction | NativeNet;

/** JavaScript sees float32. */
export function networkDtypes(network: Network): NetworkDtypes {
  return typeof network === 'function' ? FLOAT32 : network.dtypes;
}

/** The name errors and plans use. */
export function networkName(network: Network): string {
  return network.name === '' ? 'network' : network.name;
}
