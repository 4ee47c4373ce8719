import { spawnSync } from 'node:child_process';
import {
  Device,
  DisposedError,
  EulerSampler,
  GaussianMixtureNet,
  InvalidArgumentError,
  ModelError,
  NumericalError,
  OnnxModel,
  OnnxNet,
  Rng,
  SamplersError,
  samplerFromConfig,
  Samplers,
  SiTInterface,
  Tensor,
  type Expr,
  type Step,
} from '../src';
import { addonPath, compiledSources } from './support/compiled';
import { openDevice, openingText } from './support/device';
import { productModel } from './support/tiny-onnx';

const rng = new Rng(1);
const shape = [2, 4];
const zero = new SiTInterface(() => undefined);
const still = new SiTInterface(({ out }) => void out.fill(0));
const sampler = new EulerSampler({ numSamplingSteps: 3 });

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

/** What was thrown, or what a promise rejected with. */
async function failure(work: () => unknown): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('It did not fail.');
}

const topFrame = (error: Error): string => error.stack?.split('\n').find((line) => line.startsWith('    at ')) ?? '';

describe('the stack of an error begins at the line of the caller', () => {
  it.each<[string, () => unknown]>([
    [
      'a constructor',
      function callers() {
        return new EulerSampler({ numSamplingSteps: -1 });
      },
    ],
    [
      'sample() with an option that is refused',
      function callers() {
        return sampler.sample(rng, zero, [-1, 4], { device });
      },
    ],
    [
      'a config',
      function callers() {
        return samplerFromConfig({ sampler_class: 'heun', num_sampling_steps: 'many' });
      },
    ],
    [
      'step() with an index out of range',
      function callers() {
        return sampler.step(rng, zero, [] as never, { index: 9 });
      },
    ],
    [
      'opening a device that does not exist',
      function callers() {
        return Device.open('tpu');
      },
    ],
    [
      'loading a model that is not there',
      async function callers() {
        return await OnnxNet.load('/nowhere.onnx', { device });
      },
    ],
    [
      'a run whose network writes NaN',
      async function callers() {
        return await sampler.sample(rng, zero, shape, { device });
      },
    ],
    [
      'a run whose network throws',
      async function callers() {
        const thrower = new SiTInterface(() => {
          throw new Error('no');
        });
        return await sampler.sample(rng, thrower, shape, { device });
      },
    ],
    [
      'a run that was aborted',
      async function callers() {
        return await sampler.sample(rng, still, shape, { device, signal: AbortSignal.abort() });
      },
    ],
    [
      'a run that is aborted under way',
      async function callers() {
        const controller = new AbortController();
        const aborter = new SiTInterface(({ out }) => {
          out.fill(0);
          controller.abort();
        });
        const run = sampler.sample(rng, aborter, shape, { device, signal: controller.signal });
        return await new Promise((resolve, reject) => void run.then(resolve, reject));
      },
    ],
    [
      'a step whose network writes NaN',
      async function callers() {
        using x = await sampler.sample(rng, still, shape, { device });
        const after = sampler.step(rng, zero, x, { device, index: 1 });
        return await new Promise((resolve, reject) => void after.then(resolve, reject));
      },
    ],
    [
      'a tensor after its end',
      async function callers() {
        const x = await sampler.sample(rng, still, shape, { device });
        x.dispose();
        return await x.data();
      },
    ],
  ])('%s', async (_, work) => {
    const error = await failure(work);
    expect(error).toBeInstanceOf(SamplersError);
    expect(topFrame(error)).toMatch(/callers|call-site\.test\.ts/);
    expect(error.stack).toMatch(/call-site\.test\.ts/);
    expect(error.stack?.startsWith(`${error.name}: ${error.message}\n`)).toBe(true);
  });

  it('and that is the formula, where a sampler of the user asks for something wrong', async () => {
    class Wrong extends Samplers {
      forward({ net, x, tCurr }: Step): Expr {
        return x.add(net.velocity(x, tCurr).scale('two' as never));
      }
      lastStep(step: Step): Expr {
        return this.forward(step);
      }
    }
    const error = await failure(
      async () => await new Wrong({ numSamplingSteps: 2 }).sample(rng, still, shape, { device }),
    );
    expect(topFrame(error)).toMatch(/Wrong\.forward.*call-site\.test\.ts/);
  });
});

it('keeps the limit that the program set', async () => {
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = 2;
    const error = await failure(() => new EulerSampler({ numSamplingSteps: 0 }));
    expect(error.stack?.split('\n').filter((line) => line.startsWith('    at '))).toHaveLength(2);
    expect(topFrame(error)).toMatch(/call-site\.test\.ts/);
    Error.stackTraceLimit = 0;
    const bare = await failure(async () => await sampler.sample(rng, zero, shape, { device }));
    expect(bare).toBeInstanceOf(NumericalError);
    expect(bare.stack).toBe(`NumericalError: ${bare.message}`);
  } finally {
    Error.stackTraceLimit = limit;
  }
  expect(new DisposedError('It').stack).toMatch(/call-site\.test\.ts/);
  expect(new InvalidArgumentError('    at nothing (x:1:1)\nNo.').stack).toMatch(/No\.\n {4}at /);
});

it('begins at the call and not at who waits for it', async () => {
  async function waitsForIt(run: PromiseLike<unknown>): Promise<unknown> {
    return await run;
  }
  const given = new SiTInterface(await OnnxNet.load(productModel(4), { device }));
  const run = sampler.sample(rng, given, shape, { device, netKwargs: { unknown: 1 } });
  const error = await failure(async () => await waitsForIt(run));
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(topFrame(error)).not.toContain('waitsForIt');
  expect(topFrame(error)).toContain('call-site.test.ts');
});

describe('an error is worth more than its stack:', () => {
  const thrower = new SiTInterface(() => {
    throw new Error('no');
  });
  const failures = async (): Promise<string[]> => {
    const errors = [
      await failure(() => new EulerSampler({ numSamplingSteps: -1 })),
      await failure(async () => await sampler.sample(rng, zero, shape, { device })),
      await failure(async () => await sampler.sample(rng, thrower, shape, { device })),
    ];
    return errors.map((error) => (error as SamplersError).code);
  };
  const codes = ['ERR_INVALID_ARGUMENT', 'ERR_NUMERICAL', 'ERR_MODEL'];

  it.each<[string, (error: Error, sites: NodeJS.CallSite[]) => unknown]>([
    ['gives call sites', (_, sites) => sites],
    ['gives nothing', () => undefined],
    [
      'throws',
      () => {
        throw new Error('hook');
      },
    ],
  ])('the type stays where a hook for stacks %s', async (_, hook) => {
    const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
    try {
      Error.prepareStackTrace = hook;
      expect(await failures()).toEqual(codes);
    } finally {
      Object.defineProperty(
        Error,
        'prepareStackTrace',
        before ?? { value: undefined, writable: true, configurable: true },
      );
    }
  });

  it('the type stays where Error is frozen', () => {
    const program = `
      Object.freeze(Error);
      const { Device, EulerSampler, Rng, SiTInterface } = require(${JSON.stringify(compiledSources('frozen'))});
      const code = (work) => work().then(() => 'none', (error) => error.code);
      ${openingText(1)}.then(async (device) => {
        const draw = (network) => code(async () =>
          await new EulerSampler({ numSamplingSteps: 2 }).sample(new Rng(1), new SiTInterface(network), [1, 4], { device }));
        console.log(await code(async () => new EulerSampler({ numSamplingSteps: -1 })));
        console.log(await draw(() => undefined));
        console.log(await draw(() => { throw new Error('no'); }));
      });
    `;
    const env = { ...process.env, DIFFUSION_SAMPLERS_ADDON: addonPath() };
    const done = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', env });
    expect(done).toMatchObject({ status: 0, stdout: `${codes.join('\n')}\n` });
  });
});

it.each<[string, unknown]>([
  [
    'an error whose message throws',
    Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('no');
      },
    }),
  ],
  ['an error whose message is a symbol', Object.assign(new Error(), { message: Symbol('no') })],
  [
    'a proxy that throws at everything',
    new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('no');
        },
      },
    ),
  ],
  ['nothing', undefined],
])('a network that throws %s is reported all the same', async (_, thrown) => {
  const net = new SiTInterface(() => {
    throw thrown;
  });
  const error = await failure(async () => await sampler.sample(rng, net, shape, { device }));
  expect(error).toBeInstanceOf(ModelError);
  expect(error.cause).toBe(thrown);
  expect(device.runs).toBe(0);
});

it.each<[string, () => unknown, string]>([
  [
    'a detached start',
    () => sampler.sample(rng, still, { data: detached<Float32Array>(), shape: [0, 2] }, { device }),
    'x.data',
  ],
  [
    'a start of another kind that names itself otherwise',
    () => sampler.sample(rng, still, { data: spoofed(), shape: [1, 2] }, { device }),
    'x.data',
  ],
  [
    'a start whose length lies',
    () => sampler.sample(rng, still, { data: lying(), shape: [1, 5] }, { device }),
    'x.data.length',
  ],
  [
    'seeds that are no seeds',
    () => sampler.sample(rng, still, shape, { device, seeds: spoofed('BigUint64Array') as never }),
    'seeds',
  ],
  [
    'a signal that only looks like one',
    () => sampler.sample(rng, still, shape, { device, signal: Object.create(AbortSignal.prototype) as AbortSignal }),
    'signal',
  ],
  ['a tensor on no device', () => Tensor.from(new Float32Array(2), [1, 2], {} as Device), 'device'],
  [
    'a mixture on no device',
    () => GaussianMixtureNet.create({ weights: [1], means: [[0]], deviations: [1] }, { device: {} as Device }),
    'device',
  ],
  ['a grid for no interface', () => sampler.sampleT(undefined as never), 'record'],
  ['a model of detached bytes', () => OnnxModel.load(detached(new Uint8Array(9)), { device }), 'model'],
])('%s is refused by name', async (_, work, option) => {
  const error = await failure(work);
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect((error as InvalidArgumentError).option).toBe(option);
});

function detached<T extends ArrayBufferView = Float32Array>(array: T = new Float32Array(2) as never): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

function spoofed(tag = 'Float32Array'): Float32Array {
  return Object.defineProperty(new Uint8Array(2), Symbol.toStringTag, { value: tag }) as never;
}

function lying(): Float32Array {
  return Object.defineProperty(new Float32Array(2), 'length', { value: 5 });
}
