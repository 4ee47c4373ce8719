/** An exact flow map as an ONNX model: that of Gaussian data, whose path and whose flow have closed forms. */
import { tinyModel, type TinyNode } from './tiny-onnx';

/**
 * u(x, t, r) for data N(mean, deviation²) in every element, with inputs x [n, ...], t, r and the conditioning `mean` [n].
 * On the path (1 - t) x0 + t n the marginal at t is N((1 - t) mean, σ(t)²), σ(t)² = (1 - t)² deviation² + t², and its
 * flow is affine: from t to r, what lies d from the one centre comes to lie σ(r)/σ(t) d from the other. With the
 * difference of the variances divided by t - r on paper, u = d ((1 + deviation²) (t + r) - 2 deviation²) /
 * (σ(t) (σ(t) + σ(r))) - mean, which needs no division by t - r and is the velocity where r = t.
 */
export function gaussianFlowMap(rowShape: readonly number[], deviation: number): Uint8Array {
  const variance = deviation * deviation;
  const nodes: TinyNode[] = [];
  const of = (op: string, ...inputs: string[]): string => {
    const output = `${op} ${nodes.length}`;
    nodes.push({ op, inputs, output });
    return output;
  };
  const row = (name: string): string => {
    const output = `${name} of the row`;
    const axes = rowShape.map((_, i) => i + 1);
    nodes.push({ op: 'Unsqueeze', inputs: [name], output, attributes: [{ name: 'axes', ints: axes }] });
    return output;
  };
  const sigma = (left: string, time: string): string =>
    of('Sqrt', of('Add', of('Mul', of('Mul', left, left), 'variance'), of('Mul', time, time)));

  const left = of('Sub', 'one', 't');
  const [here, there] = [sigma(left, 't'), sigma(of('Sub', 'one', 'r'), 'r')];
  const rise = of('Sub', of('Mul', of('Add', 't', 'r'), 'one and variance'), 'two variances');
  const slope = of('Div', rise, of('Mul', here, of('Add', here, there)));
  const shift = of('Add', of('Mul', slope, of('Mul', left, 'mean')), 'mean');
  nodes.push({ op: 'Sub', inputs: [of('Mul', 'x', row(slope)), row(shift)], output: 'u' });

  const constant = (name: string, value: number) => ({ name, shape: [], values: [value] });
  return tinyModel(
    [{ name: 'x', shape: ['n', ...rowShape] }, ...['t', 'r', 'mean'].map((name) => ({ name, shape: ['n'] }))],
    nodes,
    [{ name: 'u', shape: ['n', ...rowShape] }],
    [
      constant('one', 1),
      constant('variance', variance),
      constant('one and variance', 1 + variance),
      constant('two variances', 2 * variance),
    ],
  );
}
