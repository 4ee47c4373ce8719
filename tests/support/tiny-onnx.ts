/** Small ONNX models made on the spot. */
import { onnx } from 'onnx-proto';

const FLOAT = onnx.TensorProto.DataType.FLOAT;
const OPSET = 12; // the last in which Unsqueeze has its axes as an attribute

export interface TinyPort {
  name: string;
  /** Names are symbolic dimensions. */
  shape: (number | string)[];
  dtype?: number;
}

export interface TinyNode {
  op: string;
  inputs: string[];
  output: string;
  attributes?: { name: string; ints: number[] }[];
}

/** A model of these nodes, as bytes. */
export function tinyModel(
  inputs: TinyPort[],
  nodes: TinyNode[],
  outputs: TinyPort[],
  constants: { name: string; shape: number[]; values: number[] }[] = [],
): Uint8Array {
  const port = ({ name, shape, dtype = FLOAT }: TinyPort) => ({
    name,
    type: {
      tensorType: {
        elemType: dtype,
        shape: { dim: shape.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d })) },
      },
    },
  });
  const model = onnx.ModelProto.create({
    irVersion: 8,
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'tiny',
      input: inputs.map(port),
      output: outputs.map(port),
      initializer: constants.map(({ name, shape, values }) => ({
        name,
        dataType: FLOAT,
        dims: shape,
        floatData: values,
      })),
      node: nodes.map(({ op, inputs: names, output, attributes }) => ({
        opType: op,
        input: names,
        output: [output],
        attribute: (attributes ?? []).map(({ name, ints }) => ({
          name,
          ints,
          type: onnx.AttributeProto.AttributeType.INTS,
        })),
      })),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

/** v = x * t, with t [n] reshaped to a column: enough to see x, t and the step loop. */
export function productModel(width: number): Uint8Array {
  return tinyModel(
    [
      { name: 'x', shape: ['n', width] },
      { name: 't', shape: ['n'] },
    ],
    [
      { op: 'Unsqueeze', inputs: ['t'], output: 'column', attributes: [{ name: 'axes', ints: [1] }] },
      { op: 'Mul', inputs: ['x', 'column'], output: 'v' },
    ],
    [{ name: 'v', shape: ['n', width] }],
  );
}
