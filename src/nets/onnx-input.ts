/** From what a caller gives for an ONNX input to a tensor of the dtype and shape that the model declares. */
import { expected } from '../errors';
import { isDetached, lengthOf, ofLength } from '../given-array';
import type { NativeInput, OnnxPort } from '../native';

/** Numbers for one input: flat values (its shape follows from the model), values with their shape, or one for all rows. */
export type OnnxValue =
  | number
  | ArrayLike<number>
  | BigInt64Array
  | { readonly data: ArrayLike<number> | BigInt64Array; readonly shape: readonly number[] };

type Elements = ArrayLike<number | bigint>;

function toElements(value: unknown): Elements | undefined {
  if (ArrayBuffer.isView(value) && isDetached(value)) return undefined;
  return lengthOf(value) === undefined ? undefined : (value as Elements);
}

function integer(value: number | bigint, bits: 32 | 64, option: string): bigint {
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (whole === undefined || BigInt.asIntN(bits, whole) !== whole)
    throw expected(`an integer of ${bits} bits`, option, value);
  return whole;
}

function convert(values: Elements, port: OnnxPort, option: string): NativeInput['data'] {
  switch (port.dtype) {
    case 'float32':
    case 'float16':
    case 'bfloat16':
      return Float32Array.from(values as ArrayLike<number>, (v: number, i: number) => {
        if (typeof v !== 'number') throw expected('a number', `${option}[${i}]`, v);
        return v;
      });
    case 'int64':
      return BigInt64Array.from({ length: values.length }, (_, i) =>
        integer(values[i] as number, 64, `${option}[${i}]`),
      );
    case 'int32':
      return Int32Array.from({ length: values.length }, (_, i) =>
        Number(integer(values[i] as number, 32, `${option}[${i}]`)),
      );
    default:
      throw expected('a float32, float16, bfloat16, int32 or int64 input', `dtype of ${option}`, port.dtype);
  }
}

/** The shape of values that came without one: the model's, with the batch in front. */
function impliedShape(port: OnnxPort, rows: number | undefined, count: number | undefined): number[] | undefined {
  const [lead, ...rest] = port.shape;
  if (lead === undefined) return [];
  if (rest.some((d) => d < 0)) return undefined;
  const row = rest.reduce((n, d) => n * d, 1);
  const batch = rows ?? (lead >= 0 ? lead : count === undefined ? 1 : row === 0 ? 0 : count / row);
  return [batch, ...rest];
}

/**
 * @param rows Batch size: the leading dimension. `undefined` takes it from the values.
 * @throws InvalidArgumentError naming the input, what the model declares and what came.
 */
export function onnxInput(value: unknown, port: OnnxPort, rows: number | undefined, option: string): NativeInput {
  const declared = `${port.dtype} [${port.shape.map((d) => (d < 0 ? 'n' : d)).join(', ')}]`;
  const wanted = rows === undefined ? declared : `${declared} with n = ${rows}`;
  const given = typeof value === 'object' && value !== null && 'data' in value ? value.data : value;
  const one = typeof given === 'number' || typeof given === 'bigint' ? given : undefined;
  const list = one === undefined ? toElements(given) : undefined;
  if (one === undefined && list === undefined) throw expected(`values for ${wanted}`, option, value);

  const stated = (value as { shape?: readonly number[] } | null)?.shape;
  const shape = stated ?? impliedShape(port, rows, list?.length);
  if (shape === undefined) throw expected(`{ data, shape } for ${declared}`, option, value);
  const dims = fittingShape(shape, port, rows);
  const size = dims?.reduce((n, d) => n * d, 1) ?? -1;
  const values = list ?? (size > 0 ? new Array<number | bigint>(size).fill(one as number | bigint) : []);
  if (dims === undefined || size !== values.length) {
    const came = stated === undefined ? '' : ` of shape [${Array.from(stated).join(', ')}]`;
    throw expected(`values for ${wanted}`, option, `${values.length} values${came}`);
  }
  const data = ofLength(values.length, option, () => convert(values, port, option));
  return { data, shape: dims };
}

/** The shape, where the model takes it. */
function fittingShape(shape: unknown, port: OnnxPort, rows: number | undefined): number[] | undefined {
  if (!Array.isArray(shape) || shape.length !== port.shape.length) return undefined;
  const dims = shape as number[];
  const declared = dims.every((d, i) => {
    const wanted = port.shape[i] as number;
    return Number.isSafeInteger(d) && d >= 0 && (wanted < 0 || d === wanted);
  });
  return declared && (rows === undefined || dims.length === 0 || dims[0] === rows) ? [...dims] : undefined;
}
