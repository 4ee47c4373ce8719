/** From what a caller gives for an ONNX input to a tensor of the dtype and shape that the model declares. */
import { expected } from '../errors';
import type { NativeInput, OnnxPort } from '../native';

/** Numbers for one input: flat values (its shape follows from the model), values with their shape, or one for all rows. */
export type OnnxValue =
  | number
  | ArrayLike<number>
  | BigInt64Array
  | { readonly data: ArrayLike<number> | BigInt64Array; readonly shape: readonly number[] };

type Elements = ArrayLike<number | bigint>;

function toElements(value: unknown): Elements | undefined {
  const arrayLike = typeof value === 'object' && value !== null && Number.isSafeInteger((value as Elements).length);
  return arrayLike ? (value as Elements) : undefined;
}

function integer(value: number | bigint, option: string): bigint {
  if (typeof value === 'bigint') return value;
  if (!Number.isSafeInteger(value)) throw expected('an integer', option, value);
  return BigInt(value);
}

function convert(values: Elements, port: OnnxPort, option: string): NativeInput['data'] {
  switch (port.dtype) {
    case 'float32':
      return Float32Array.from(values as ArrayLike<number>, (v: number, i: number) => {
        if (typeof v !== 'number') throw expected('a number', `${option}[${i}]`, v);
        return v;
      });
    case 'int64':
      return BigInt64Array.from({ length: values.length }, (_, i) => integer(values[i] as number, `${option}[${i}]`));
    case 'int32':
      return Int32Array.from({ length: values.length }, (_, i) => {
        const value = integer(values[i] as number, `${option}[${i}]`);
        if (BigInt.asIntN(32, value) !== value) throw expected('a 32-bit integer', `${option}[${i}]`, value);
        return Number(value);
      });
    default:
      throw expected('a float32, int32 or int64 input', `dtype of ${option}`, port.dtype);
  }
}

/**
 * @param rows Batch size: the leading dimension. `undefined` takes it from the values.
 * @throws InvalidArgumentError naming the input, what the model declares and what came.
 */
export function onnxInput(value: unknown, port: OnnxPort, rows: number | undefined, option: string): NativeInput {
  const declared = `${port.dtype} [${port.shape.map((d) => (d < 0 ? 'n' : d)).join(', ')}]`;
  const given = typeof value === 'object' && value !== null && 'data' in value ? value.data : value;
  const one = typeof given === 'number' || typeof given === 'bigint';
  const values = one ? new Array<number>(rows ?? 1).fill(given as number) : toElements(given);
  if (values === undefined) throw expected(`values for ${declared}`, option, value);

  let shape = (value as { shape?: readonly number[] } | null)?.shape;
  if (shape === undefined) {
    const rest = port.shape.slice(1);
    const row = rest.reduce((n, d) => n * d, 1);
    if (rest.some((d) => d < 0)) throw expected(`{ data, shape } for ${declared}`, option, value);
    const lead = port.shape.length === 0 ? [] : [rows ?? (row === 0 ? 0 : values.length / row)];
    shape = [...lead, ...rest];
  }
  const fits =
    Array.isArray(shape) &&
    shape.length === port.shape.length &&
    shape.every(
      (d: number, i) => Number.isSafeInteger(d) && d >= 0 && ((port.shape[i] as number) < 0 || d === port.shape[i]),
    ) &&
    (rows === undefined || shape.length === 0 || shape[0] === rows);
  const size = fits ? shape.reduce((n, d) => n * d, 1) : -1;
  if (size !== values.length) {
    const wanted = rows === undefined ? declared : `${declared} with n = ${rows}`;
    throw expected(`values for ${wanted}`, option, shape.length > 1 ? { shape, length: values.length } : value);
  }
  return { data: convert(values, port, option), shape: [...shape] };
}
