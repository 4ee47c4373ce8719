/** `OnnxNet`: an ONNX model in the role of the network; between the first step and the last nothing is JavaScript. */
import { basename } from 'node:path';
import { answerLater } from '../call-site';
import { expected, refuseUnknownKeys } from '../errors';
import type { Device } from '../device';
import type { NativeDtype, NativeEvaluator, NativeInput, OnnxPort } from '../native';
import type { NativeNet, NetKwargs, NetworkDtypes } from './network';
import { onnxInput } from './onnx-input';
import { OnnxModel, type OnnxModelOptions } from './onnx-model';

export interface OnnxNetOptions extends OnnxModelOptions {
  /** Name of the state's input (default 'x', else the first input without another role). */
  x?: string;
  /** Name of the time's input (default 't', else the next). */
  t?: string;
  /** Name of a flow map's second time; required on MeanFlowInterface (default: none). */
  r?: string;
  /** Name of the prediction (default: the first output). */
  output?: string;
}

/** A port that can be the state, a time or the prediction. */
interface FloatPort extends OnnxPort {
  dtype: NativeDtype;
}

function isFloat(port: OnnxPort): port is FloatPort {
  return ['float32', 'float16', 'bfloat16'].includes(port.dtype);
}

/** The port that is asked for by name, the one with the usual name, or the first that has no other role. */
function find(
  ports: readonly OnnxPort[],
  option: string,
  asked: string | undefined,
  usual: string,
  taken: readonly (OnnxPort | string | undefined)[],
): FloatPort {
  const free = ports.filter((port) => !taken.includes(port) && !taken.includes(port.name));
  const port =
    asked === undefined
      ? (free.find((p) => p.name === usual) ?? free[0])
      : ports.find((p) => p.name === asked && !taken.includes(p));
  if (port === undefined) {
    throw expected(`one of the model's ${ports.map((p) => p.name).join(', ') || '(none)'}`, option, asked ?? usual);
  }
  if (!isFloat(port)) throw expected('float32, float16 or bfloat16', `dtype of '${port.name}' (${option})`, port.dtype);
  return port;
}

/**
 * A model as a network: inputs x [n, ...] and t [n], and an output of x's shape, each float32, float16 or bfloat16.
 * The state and all arithmetic are float32: an update rounds what the network sees, to nearest even, and reads what it
 * predicts, in the same pass. Every further input is conditioning and comes from netKwargs under its own name (of these
 * dtypes, int32 or int64; leading dimension n, or one number for all rows).
 *
 * @example
 * const net = new SiTInterface(await OnnxNet.load('models/digits-sit.onnx', { device }));
 */
export class OnnxNet implements NativeNet {
  readonly name: string;
  readonly model: OnnxModel;
  readonly dtypes: NetworkDtypes;
  private readonly x: OnnxPort;
  private readonly t: OnnxPort;
  private readonly r: OnnxPort | undefined;
  private readonly out: OnnxPort;
  private readonly extra: readonly OnnxPort[];

  private constructor(
    model: OnnxModel,
    name: string,
    x: FloatPort,
    t: FloatPort,
    r: FloatPort | undefined,
    out: FloatPort,
  ) {
    this.model = model;
    this.name = name;
    this.dtypes = Object.freeze({ input: x.dtype, output: out.dtype });
    [this.x, this.t, this.r, this.out] = [x, t, r, out];
    this.extra = model.inputs.filter((port) => port !== x && port !== t && port !== r);
  }

  /** @throws ModelError, or InvalidArgumentError naming the port that the model does not have. */
  static load(model: string | Uint8Array, options: OnnxNetOptions = {}): Promise<OnnxNet> {
    return answerLater(() => OnnxNet.loadChecked(model, options));
  }

  private static async loadChecked(model: string | Uint8Array, options: OnnxNetOptions): Promise<OnnxNet> {
    refuseUnknownKeys(options, ['device', 'library', 'threads', 'x', 't', 'r', 'output'], 'options');
    const { x, t, r, output, ...rest } = options;
    const loaded = await OnnxModel.load(model, rest);
    try {
      const name = typeof model === 'string' ? basename(model, '.onnx') : 'OnnxNet';
      const { inputs, outputs } = loaded;
      const named = [x, t, r];
      const state = find(inputs, 'x', x, 'x', x === undefined ? [...named, 't'] : []);
      const time = find(inputs, 't', t, 't', t === undefined ? [...named, state] : [state]);
      const second = r === undefined ? undefined : find(inputs, 'r', r, r, [state, time]);
      return new OnnxNet(loaded, name, state, time, second, find(outputs, 'output', output, '', []));
    } catch (error) {
      loaded.dispose();
      throw error;
    }
  }

  get device(): Device {
    return this.model.device;
  }

  /** Shape of one row of the state as the model declares it; -1 is symbolic. */
  get rowShape(): readonly number[] {
    return this.x.shape.slice(1);
  }

  /** Names of the conditioning inputs, which netKwargs give. */
  get conditioning(): readonly string[] {
    return this.extra.map((port) => port.name);
  }

  /** @internal */
  hold(): () => void {
    return this.model.handle.hold().release;
  }

  /** @internal */
  bind(rows: number, rowShape: readonly number[], kwargs: NetKwargs, kwargsName: string): NativeEvaluator {
    refuseUnknownKeys(kwargs, this.conditioning, `${kwargsName} of ${this.name}`);
    for (const port of [this.x, this.out]) this.checkState(port, rows, rowShape);
    const inputs: Record<string, NativeInput> = {};
    for (const port of this.extra) {
      const value = kwargs[port.name];
      const option = `${kwargsName}.${port.name}`;
      if (value === undefined)
        throw expected(`the input '${port.name}' of ${this.name} (${port.dtype})`, option, value);
      inputs[port.name] = onnxInput(value, port, rows, option);
    }
    return {
      network: this.model.handle.whileHeld(),
      ports: { x: this.x.name, t: this.t.name, r: this.r?.name ?? null, out: this.out.name },
      inputs,
    };
  }

  private checkState(port: OnnxPort, rows: number, rowShape: readonly number[]): void {
    const shape = [rows, ...rowShape];
    const fits = port.shape.length === shape.length && port.shape.every((d, i) => d < 0 || d === shape[i]);
    if (fits) return;
    const declared = port.shape.map((d) => (d < 0 ? 'n' : d)).join(', ');
    throw expected(`[${declared}], as '${port.name}' of ${this.name} has it`, 'shape', shape);
  }

  /** Frees the session. Idempotent; runs under way keep what they need. */
  dispose(): void {
    this.model.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
