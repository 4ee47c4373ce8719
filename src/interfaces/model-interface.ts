/** A network behind an interface record: what `sample` takes as a net. */
import { expected } from '../errors';
import { networkName, type NetKwargs, type Network } from '../nets/network';
import type { Expr } from '../trace/expr';
import { networkInput, prediction, type InterfaceRecord, type Prediction } from './interface-record';

/** Anything with these members can be sampled from; `ModelInterface` is the usual one. */
export interface Net {
  readonly record: InterfaceRecord;
  /** dx/dt at (x, t) */
  velocity(x: Expr, t: number, kwargs: NetKwargs): Expr;
  /** Gradient of the log density at (x, t) */
  score(x: Expr, t: number, kwargs: NetKwargs): Expr;
  /** Expectation of the clean sample at (x, t) */
  denoised(x: Expr, t: number, kwargs: NetKwargs): Expr;
  /** Expectation of the noise at (x, t) */
  noise(x: Expr, t: number, kwargs: NetKwargs): Expr;
  /** Average velocity u over the jump from t to r, where the net is a flow map. */
  averageVelocity?(x: Expr, t: number, r: number, kwargs: NetKwargs): Expr;
}

/** Any record with any network. The predictions are derived once, in interface-record.ts. */
export class ModelInterface implements Net {
  readonly record: InterfaceRecord;
  readonly network: Network;

  constructor(record: InterfaceRecord, network: Network) {
    const usable =
      typeof network === 'function' || (typeof network === 'object' && typeof network?.bind === 'function');
    if (!usable) throw expected('a function, or a network such as OnnxNet', 'network', network);
    this.record = record;
    this.network = network;
  }

  velocity(x: Expr, t: number, kwargs: NetKwargs): Expr {
    return this.predict('velocity', x, t, kwargs);
  }

  score(x: Expr, t: number, kwargs: NetKwargs): Expr {
    return this.predict('score', x, t, kwargs);
  }

  denoised(x: Expr, t: number, kwargs: NetKwargs): Expr {
    return this.predict('denoised', x, t, kwargs);
  }

  noise(x: Expr, t: number, kwargs: NetKwargs): Expr {
    return this.predict('noise', x, t, kwargs);
  }

  averageVelocity(x: Expr, t: number, r: number, kwargs: NetKwargs): Expr {
    if (this.record.secondTime === undefined || this.record.predicts !== 'v') {
      throw expected('a flow map, such as MeanFlowInterface', 'net', this.record.name);
    }
    return this.evaluate(x, t, r, kwargs);
  }

  private predict(kind: Prediction, x: Expr, t: number, kwargs: NetKwargs): Expr {
    const { p, q } = prediction(this.record, kind, t);
    if (!Number.isFinite(p) || !Number.isFinite(q)) {
      throw expected(`a time at which the ${kind} of ${this.record.name} is not singular`, 't', t);
    }
    const y = this.evaluate(x, t, t, kwargs).scale(q);
    return p === 0 ? y : x.scale(p).add(y);
  }

  private evaluate(x: Expr, t: number, r: number, kwargs: NetKwargs): Expr {
    const { scale, time, secondTime } = networkInput(this.record, t, r);
    if (![scale, time, secondTime ?? 0].every(Number.isFinite)) {
      throw expected(`a time at which the network of ${this.record.name} can be asked`, 't', t);
    }
    const name = networkName(this.network);
    const evaluator = x.trace.evaluators.idOf(this.network, kwargs, name);
    return x.trace.evaluate(evaluator, name, scale === 1 ? x : x.scale(scale), time, secondTime);
  }
}
