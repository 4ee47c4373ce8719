/** `Tensor`: a float32 array on a device, with an owner. */
import { answerLater } from './call-site';
import { checkDevice, Device } from './device';
import { Handle } from './handle';
import { expected } from './errors';
import { checkGiven } from './given-array';
import type { NativeTensor } from './native';
import { fromNativeError } from './native-error';

/** Refuses what is not a shape [n, ...] of non-negative integers with a representable size. */
export function checkShape(shape: unknown, option: string): readonly number[] {
  const valid =
    Array.isArray(shape) && shape.length >= 1 && shape.every((d) => Number.isSafeInteger(d) && (d as number) >= 0);
  if (!valid) throw expected('an array [n, ...] of non-negative integers', option, shape);
  const dims = shape as number[];
  const size = dims.reduce((n, d) => n * d, 1);
  const largest = dims.reduce((n, d) => n * Math.max(1, d), 1);
  if (largest > 2 ** 40 || size * 4 > Number.MAX_SAFE_INTEGER) throw expected('at most 2^40 elements', option, shape);
  return Object.freeze([...dims]);
}

/**
 * A float32 array on a device. It owns its memory: `dispose()` (or `using`) frees it at once, garbage collection is
 * the safety net.
 */
export class Tensor {
  /** [n, ...] */
  readonly shape: readonly number[];
  readonly dtype = 'float32';
  readonly device: Device;
  /** @internal */
  readonly handle: Handle<NativeTensor>;

  /** @internal */
  constructor(handle: NativeTensor, shape: readonly number[], device: Device) {
    this.handle = new Handle(handle, `The tensor of shape [${shape.join(', ')}]`);
    this.shape = shape;
    this.device = device;
  }

  /** Copies `data`, [n, ...] flat in row-major order, to `device`. */
  static from(data: Float32Array, shape: readonly number[], device: Device = Device.default()): Tensor {
    const dims = checkShape(shape, 'shape');
    const size = dims.reduce((n, d) => n * d, 1);
    const values = checkGiven(data, 'Float32Array', [size, `for shape [${dims.join(', ')}]`], 'data');
    checkDevice(device, 'device');
    try {
      return new Tensor(device.native.upload(values), dims, device);
    } catch (error) {
      throw fromNativeError(error);
    }
  }

  /** Bytes held. */
  get byteLength(): number {
    return this.handle.get().byteLength;
  }

  /** A copy of the values in host memory; the caller owns it. Does not block the event loop. */
  data(): Promise<Float32Array> {
    return answerLater(async () => {
      try {
        return await this.handle.get().read();
      } catch (error) {
        throw fromNativeError(error);
      }
    });
  }

  /**
   * The values where they lie, without a copy; on a CPU device only. What is written to it is in the tensor, and in runs
   * under way that start from it. `dispose()` detaches it: its length is 0 then.
   * @throws InvalidArgumentError on a CUDA device: take `data()` there.
   */
  view(): Float32Array {
    if (this.device.kind !== 'cpu') throw expected('a CPU device, for a view,', 'device', this.device.name);
    try {
      return this.handle.get().view();
    } catch (error) {
      throw fromNativeError(error);
    }
  }

  /** Frees the memory at once, and detaches its views. Idempotent. A run that was given this tensor keeps what it needs. */
  dispose(): void {
    this.handle.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
