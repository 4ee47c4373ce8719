/** From options to everything a run needs: device, network, conditioning, sampler. */
import { Device } from '../device';
import { expected } from '../errors';
import type { Net } from '../interfaces/model-interface';
import { SiTInterface } from '../interfaces/sit';
import type { NetKwargs } from '../nets/network';
import { OnnxNet } from '../nets/onnx-net';
import type { SampleOptions } from '../options';
import { samplerClass } from '../samplers/registry';
import type { Samplers } from '../samplers/samplers';
import type { UniformTimeKwargs } from '../time-grid';
import { repeatLabels } from './labels';
import type { SamplingOptions } from './sampling-options';

/** `dispose()` frees what was opened for it. */
export interface Setup extends Disposable {
  readonly sampler: Samplers;
  readonly net: Net;
  /** [n, ...] */
  readonly shape: readonly number[];
  readonly options: SampleOptions;
}

/** A setup with a model, open on a device. */
export interface OpenSetup extends Setup {
  readonly device: Device;
}

/** Keys without undefined values: an option that was not given is absent. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

function makeSampler({ sampler, steps, tStart, tEnd, tShiftCur, tShiftBase }: SamplingOptions): Samplers {
  const samplingTimeKwargs: Partial<UniformTimeKwargs> = given({ tStart, tEnd, tShiftCur, tShiftBase });
  return new (samplerClass(sampler, '--sampler'))({ numSamplingSteps: steps, samplingTimeKwargs });
}

function rowShape(asked: readonly number[] | undefined, declared: readonly number[]): readonly number[] {
  if (asked !== undefined) return asked;
  if (declared.length > 0 && declared.every((d) => d > 0)) return declared;
  throw expected("the dimensions of one sample, such as '1,28,28', as the model leaves them open", '--shape', asked);
}

/** Labels and null label as kwargs of the net and of its guide. */
function conditioning(options: SamplingOptions, extra: readonly string[]): SampleOptions {
  const { labels, nullLabel, labelInput, guidance, count } = options;
  if (!extra.includes(labelInput)) {
    const [option, value] =
      labels === undefined ? (['--null-label', nullLabel] as const) : (['--labels', labels] as const);
    if (value !== undefined) {
      if (extra.length > 0) throw expected(`one of the model's ${extra.join(', ')}`, '--label-input', labelInput);
      throw expected('to be absent, as the model takes no labels,', option, value);
    }
    if (guidance !== 1) throw expected('1, as the model takes no labels,', '--guidance', guidance);
    return {};
  }
  if (labels === undefined) throw expected(`labels for the model's input '${labelInput}'`, '--labels', labels);
  if (nullLabel === undefined && guidance !== 1) {
    throw expected(`the label that stands for none, with guidance ${guidance},`, '--null-label', nullLabel);
  }
  const kwargs = (value: unknown): NetKwargs => ({ [labelInput]: value });
  return given({
    netKwargs: kwargs(repeatLabels(labels, count)),
    gNetKwargs: nullLabel === undefined ? undefined : kwargs(nullLabel),
  });
}

/** Opens the device and loads the model. The caller disposes of the setup. */
export async function openSetup(options: SamplingOptions & { model: string }): Promise<OpenSetup> {
  const sampler = makeSampler(options);
  const threads = given({ threads: options.threads });
  const device = await Device.open(options.device, threads);
  try {
    const network = await OnnxNet.load(options.model, { device, ...threads });
    return {
      sampler,
      net: new SiTInterface(network),
      shape: [options.count, ...rowShape(options.shape, network.rowShape)],
      options: { ...conditioning(options, network.conditioning), guidanceScale: options.guidance, device },
      device,
      [Symbol.dispose]: () => {
        network.dispose();
        device.dispose();
      },
    };
  } catch (error) {
    device.dispose();
    throw error;
  }
}

function standIn(name: string): Net {
  const network = (): never => {
    throw new Error('A stand-in is planned with, never called.');
  };
  return new SiTInterface(Object.defineProperty(network, 'name', { value: name }));
}

/** A setup to plan with: stand-ins for the networks, nothing loaded, no device asked. */
export function standInSetup(options: SamplingOptions): Setup {
  if (options.shape === undefined) {
    throw expected("the dimensions of one sample, such as '1,28,28', where there is no model", '--shape', undefined);
  }
  const guide = options.guidance === 1 ? undefined : standIn('guide');
  return {
    sampler: makeSampler(options),
    net: standIn('network'),
    shape: [options.count, ...options.shape],
    options: given({ guidanceScale: options.guidance, gNet: guide }),
    [Symbol.dispose]: () => undefined,
  };
}
