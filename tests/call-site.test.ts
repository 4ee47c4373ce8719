import {
  Device,
  DisposedError,
  EulerSampler,
  InvalidArgumentError,
  NumericalError,
  OnnxNet,
  Rng,
  SamplersError,
  samplerFromConfig,
  Samplers,
  SiTInterface,
  type Expr,
  type Step,
} from '../src';

const rng = new Rng(1);
const shape = [2, 4];
const zero = new SiTInterface(() => undefined);
const still = new SiTInterface(({ out }) => void out.fill(0));
const sampler = new EulerSampler({ numSamplingSteps: 3 });

let device: Device;
beforeAll(async () => {
  device = await Device.open('cpu');
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

it('keeps the whole stack where nothing of it is the caller’s, and the limit that the program set', async () => {
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
