/** Small ONNX models made on the spot. */
import { onnx } from 'onnx-proto';

const { FLOAT, FLOAT16, BFLOAT16 } = onnx.TensorProto.DataType;
const OPSET = 12; // the last in which Unsqueeze has its axes as an attribute
const CAST_OPSET = 13; // the first in which Cast knows bfloat16

/** Element types of float ports by the names that plans use. */
export const FLOAT_TYPES = { float32: FLOAT, float16: FLOAT16, bfloat16: BFLOAT16 };
export type FloatType = keyof typeof FLOAT_TYPES;

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
  /** Integers, or a single one. */
  attributes?: { name: string; ints: number[] | number }[];
  /** Of a Cast: the element type. */
  to?: number;
}

/** A model of these nodes, as bytes. */
export function tinyModel(
  inputs: TinyPort[],
  nodes: TinyNode[],
  outputs: TinyPort[],
  constants: { name: string; shape: number[]; values: number[] }[] = [],
  opset = OPSET,
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
    opsetImport: [{ domain: '', version: opset }],
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
      node: nodes.map(({ op, inputs: names, output, attributes = [], to }) => ({
        opType: op,
        input: names,
        output: [output],
        attribute: [
          ...attributes.map(({ name, ints }) =>
            Array.isArray(ints)
              ? { name, ints, type: onnx.AttributeProto.AttributeType.INTS }
              : { name, i: ints, type: onnx.AttributeProto.AttributeType.INT },
          ),
          ...(to === undefined ? [] : [{ name: 'to', i: to, type: onnx.AttributeProto.AttributeType.INT }]),
        ],
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

/** v = x * t * factor in float32 between casts, with ports of any float type and t [n, 1]; with r, v = x * r. */
export function castingModel(
  width: number,
  x: FloatType,
  output: FloatType,
  { t = 'float32', factor = 1, r }: { t?: FloatType; factor?: number; r?: FloatType } = {},
): Uint8Array {
  const to32 = (from: string, to: string) => ({ op: 'Cast', inputs: [from], output: to, to: FLOAT });
  return tinyModel(
    [
      { name: 'x', shape: ['n', width], dtype: FLOAT_TYPES[x] },
      { name: 't', shape: ['n', 1], dtype: FLOAT_TYPES[t] },
      ...(r === undefined ? [] : [{ name: 'r', shape: ['n', 1], dtype: FLOAT_TYPES[r] }]),
    ],
    [
      to32('x', 'wide x'),
      to32(r === undefined ? 't' : 'r', 'wide t'),
      { op: 'Mul', inputs: ['wide x', 'wide t'], output: 'product' },
      { op: 'Mul', inputs: ['product', 'factor'], output: 'wide v' },
      { op: 'Cast', inputs: ['wide v'], output: 'v', to: FLOAT_TYPES[output] },
    ],
    [{ name: 'v', shape: ['n', width], dtype: FLOAT_TYPES[output] }],
    [{ name: 'factor', shape: [], values: [factor] }],
    CAST_OPSET,
  );
}
