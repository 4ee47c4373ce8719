/** `OnnxModel`: load, inspect and run an ONNX file, off the event loop. */
import { existsSync } from 'node:fs';
import { types } from 'node:util';
import { answerLater } from '../call-site';
import { checkDevice, Device } from '../device';
import { expected, ModelError, refuseUnknownKeys } from '../errors';
import type { NativeInput, NativeOnnx, OnnxPort } from '../native';
import { isDetached } from '../given-array';
import { Handle } from '../handle';
import { fromNativeError } from '../native-error';
import { onnxInput, type OnnxValue } from './onnx-input';
import { onnxLibrary } from './onnx-library';

export interface OnnxModelOptions {
  /** Whose executor runs it (default: the default device). ONNX Runtime itself computes on the CPU. */
  device?: Device;
  /** Path of a libonnxruntime (default: the one in the optional peer onnxruntime-node). */
  library?: string;
  /** Threads within one operator (default: the device's CPU threads). */
  threads?: number;
}

/** An output of `run`; float16 and bfloat16 come as float32. */
export interface OnnxOutput {
  readonly data: Float32Array | Int32Array | BigInt64Array;
  readonly shape: readonly number[];
}

/**
 * An ONNX model with ONNX Runtime behind it.
 *
 * @example
 * const model = await OnnxModel.load('models/digits-classifier.onnx');
 * model.inputs;                                    // [{ name: 'x', dtype: 'float32', shape: [-1, 1, 28, 28] }]
 * const { logits } = await model.run({ x: digits });
 */
export class OnnxModel {
  readonly device: Device;
  /** Declared inputs; -1 in a shape is symbolic. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** @internal */
  readonly handle: Handle<NativeOnnx>;

  private constructor(handle: NativeOnnx, device: Device) {
    this.handle = new Handle(handle, 'The ONNX model');
    this.device = device;
    this.inputs = Object.freeze([...handle.inputs]);
    this.outputs = Object.freeze([...handle.outputs]);
  }

  /**
   * @param model A path, or the bytes of a model.
   * @throws ModelError where the file, the model or the library is not usable, with the remedy.
   */
  static load(model: string | Uint8Array, options: OnnxModelOptions = {}): Promise<OnnxModel> {
    return answerLater(() => OnnxModel.loadChecked(model, options));
  }

  private static async loadChecked(model: string | Uint8Array, options: OnnxModelOptions): Promise<OnnxModel> {
    refuseUnknownKeys(options, ['device', 'library', 'threads'], 'options');
    const { device = Device.default(), library } = options;
    checkDevice(device, 'device');
    const threads = options.threads ?? (device.kind === 'cpu' ? device.threads : 1);
    if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
      throw expected('an integer from 1 to 1024', 'threads', threads);
    }
    if (typeof model !== 'string' && (!types.isUint8Array(model) || isDetached(model))) {
      throw expected('a path, or a Uint8Array that is not detached,', 'model', model);
    }
    if (typeof model === 'string' && !existsSync(model))
      throw new ModelError(`The model file '${model}' does not exist.`);
    try {
      return new OnnxModel(await device.native.onnx(onnxLibrary(library), model, threads), device);
    } catch (error) {
      throw fromNativeError(error);
    }
  }

  /**
   * Runs the model once. Does not block the event loop.
   * @param feeds One value per declared input.
   * @throws InvalidArgumentError naming the input; ModelError where the model fails.
   */
  run(feeds: Readonly<Record<string, OnnxValue>>): Promise<Record<string, OnnxOutput>> {
    return answerLater(() => this.runChecked(feeds));
  }

  private async runChecked(feeds: Readonly<Record<string, OnnxValue>>): Promise<Record<string, OnnxOutput>> {
    refuseUnknownKeys(
      feeds,
      this.inputs.map((port) => port.name),
      'feeds',
    );
    const inputs: Record<string, NativeInput> = {};
    for (const port of this.inputs) {
      if (!(port.name in feeds))
        throw expected(`a value for ${port.dtype} [${port.shape.join(', ')}]`, port.name, undefined);
      inputs[port.name] = onnxInput(feeds[port.name], port, undefined, port.name);
    }
    const { object, release } = this.handle.hold();
    try {
      return await object.run(inputs);
    } catch (error) {
      throw fromNativeError(error);
    } finally {
      release();
    }
  }

  /** Frees the session. Idempotent; runs under way keep what they need. */
  dispose(): void {
    this.handle.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
