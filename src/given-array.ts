/** Typed arrays that a caller gives: of any realm, told by what they are and not by what they say. */
import { types } from 'node:util';
import { expected } from './errors';

interface Kinds {
  Float32Array: Float32Array;
  BigUint64Array: BigUint64Array;
}

const typedArrays = Object.getPrototypeOf(Float32Array.prototype) as object;
const getter = <T>(name: string): (() => T) =>
  (Object.getOwnPropertyDescriptor(typedArrays, name) as { get: () => T }).get;
const length = getter<number>('length');
const byteOffset = getter<number>('byteOffset');
const buffer = getter<ArrayBuffer>('buffer');
/** As it was when this module was loaded: programs replace globals. */
const { structuredClone: clone } = globalThis;

const HINT =
  "Shared memory, that of WebAssembly, of Node's Buffer pool, of other addons and of a Tensor's view cannot: leave the " +
  'option out, or in the place of a view give its Tensor.';

function hasMemory(of: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(of).length >= 0;
  } catch {
    return false;
  }
}

/** Whether the memory of a view was taken away. */
export function isDetached(view: ArrayBufferView): boolean {
  return !hasMemory(types.isTypedArray(view) ? buffer.call(view) : view.buffer);
}

/**
 * @param count How many values it must have, and why.
 * @throws InvalidArgumentError where it is another kind of array, has lost its memory, or has another length.
 */
export function checkGiven<Kind extends keyof Kinds>(
  value: unknown,
  kind: Kind,
  [count, why]: readonly [number, string],
  option: string,
): Kinds[Kind] {
  const is = kind === 'Float32Array' ? types.isFloat32Array : types.isBigUint64Array;
  if (!is(value)) throw expected(`a ${kind}`, option, value);
  if (isDetached(value)) throw expected(`a ${kind} that is not detached`, option, value);
  if (length.call(value) !== count) throw expected(`${count} values ${why}`, `${option}.length`, length.call(value));
  return value as Kinds[Kind];
}

/**
 * The same values in the same memory, which the caller has no more: its buffer is detached.
 * @param option The array, and `wish` the option that asks for it.
 * @throws InvalidArgumentError where the memory cannot be taken; it is the caller's then as before.
 */
export function takeMemory(array: Float32Array, option: string, wish: string): Float32Array {
  const [whole, begin, count] = [buffer.call(array), byteOffset.call(array), length.call(array)];
  let moved: ArrayBuffer | undefined;
  try {
    moved = clone(whole, { transfer: [whole] });
  } catch {
    // Told below, as where it is copied without a word, which older Nodes do with what they do not transfer.
  }
  if (moved === undefined || hasMemory(whole)) {
    throw expected(`memory that can be detached, with \`${wish}\`,`, option, array, HINT);
  }
  return new Float32Array(moved, begin, count);
}

/** How many elements an array-like has; undefined where it is none, or does not say. */
export function lengthOf(value: unknown): number | undefined {
  try {
    const given: unknown = typeof value === 'object' ? (value as ArrayLike<unknown> | null)?.length : undefined;
    return Number.isSafeInteger(given) && (given as number) >= 0 ? (given as number) : undefined;
  } catch {
    return undefined; // a typed array behind a proxy does not say
  }
}

/** @throws InvalidArgumentError where `make` asks for a longer array than there can be. */
export function ofLength<T>(count: number, option: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw expected('a length that memory has room for', `${option}.length`, count);
    throw error;
  }
}
