/** Small networks of every kind, for tests of what happens around a network: 2 rows of 4 elements. */
import { SiTInterface, type Expr, type NetworkFunction } from '../../src';
import type { NetKwargs } from '../../src/nets/network';
import { tinyModel } from './tiny-onnx';

/** v = x t */
export const timesTime: NetworkFunction = ({ x, t, out }) =>
  out.set(x.map((value, i) => value * (t[i >> 2] as number)));

export const identity: NetworkFunction = ({ x, out }) => out.set(x);

export const LABELLED_MIXTURE = {
  weights: [1, 2],
  means: [
    [0, 1, 2, 3],
    [1, -1, 0, 0],
  ],
  deviations: [0.5, 0.25],
  classes: [0, 1],
};

/** Labels for the mixture, and none for its guide. */
export const LABELS = { netKwargs: { y: Int32Array.of(0, 1) }, gNetKwargs: { y: Int32Array.of(-1, -1) } };

/** A flow map out of a velocity: what the trace sees is what counts here. */
export class MidpointFlow extends SiTInterface {
  override averageVelocity(x: Expr, t: number, r: number, kwargs: NetKwargs): Expr {
    return this.velocity(x, (t + r) / 2, kwargs);
  }
}

/** An ONNX model of v = x t, or of the flow map v = x t + r. */
export function timesModel(flowMap: boolean): Uint8Array {
  const times = flowMap ? ['t', 'r'] : ['t'];
  const column = (time: string) => ({
    op: 'Unsqueeze',
    inputs: [time],
    output: `${time}1`,
    attributes: [{ name: 'axes', ints: [1] }],
  });
  return tinyModel(
    [{ name: 'x', shape: ['n', 4] }, ...times.map((name) => ({ name, shape: ['n'] }))],
    [
      ...times.map(column),
      { op: 'Mul', inputs: ['x', 't1'], output: flowMap ? 'xt' : 'v' },
      ...(flowMap ? [{ op: 'Add', inputs: ['xt', 'r1'], output: 'v' }] : []),
    ],
    [{ name: 'v', shape: ['n', 4] }],
  );
}
