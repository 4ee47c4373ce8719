/** What a run starts from: handed over, or copied, or read where it lies and never changed. */
import {
  AbortError,
  BusyError,
  DisposedError,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  InvalidArgumentError,
  NumericalError,
  OnnxNet,
  Rng,
  SiTInterface,
  Tensor,
  type Device,
  type Init,
  type Net,
  type Network,
  type NetworkFunction,
  type SampleOptions,
  type SampleRun,
  type Samplers,
} from '../src';
import { openDevice } from './support/device';
import { identity, LABELLED_MIXTURE, MidpointFlow, timesModel, timesTime } from './support/small-networks';
import { Ab2Sampler, Still } from './support/own-samplers';

const rng = new Rng(5);
const VALUES = [0.5, -1.5, 2.25, -0.125, 1, 3, -2, 0.75];
const SHAPE = [2, 4];
const array = (shape: readonly number[] = SHAPE) => ({
  data: Float32Array.from(VALUES.slice(0, shape[0] === 0 ? 0 : VALUES.length)),
  shape,
});
const identityNet = new SiTInterface(identity);
const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

let device: Device;
beforeEach(async () => {
  device = await openDevice({ threads: 2 });
});
afterEach(() => device.dispose());

/** The types of browsers have it, those of Node do not. */
const { Memory } = (
  globalThis as unknown as { WebAssembly: { Memory: new (size: { initial: number }) => { buffer: ArrayBuffer } } }
).WebAssembly;

/** Every array that the run hands out, its trajectory included; none is left behind. */
async function outputs(run: SampleRun, trajectory: boolean): Promise<Buffer> {
  const tensors = [await run];
  if (trajectory) {
    const { states, denoised } = await run.trajectory();
    tensors.push(...states, ...denoised);
  }
  const read = await Promise.all(tensors.map((tensor) => tensor.data()));
  for (const tensor of tensors) tensor.dispose();
  return Buffer.concat(read.map(bytes));
}

const samplers: Record<string, () => Samplers> = {
  Euler: () => new EulerSampler({ numSamplingSteps: 4 }),
  Heun: () => new HeunSampler({ numSamplingSteps: 4 }),
  'Euler-Maruyama': () => new EulerMaruyamaSampler({ numSamplingSteps: 4, diffusionCoeff: 'linear' }),
  EulerJump: () => new EulerJumpSampler({ numSamplingSteps: 4 }),
  "a user's Ab2": () => new Ab2Sampler({ numSamplingSteps: 4 }),
};
const networks: Record<string, () => Promise<{ network: Network; release: () => void }>> = {
  JavaScript: () => Promise.resolve({ network: timesTime, release: () => undefined }),
  exact: () => {
    const network = GaussianMixtureNet.create(LABELLED_MIXTURE, { device });
    return Promise.resolve({ network, release: () => network.dispose() });
  },
  ONNX: async () => {
    const network = await OnnxNet.load(timesModel(false), { device, threads: 1 });
    return { network, release: () => network.dispose() };
  },
};
const inits: Init[] = ['state', 'noise', 'clean'];

describe.each(Object.keys(samplers))('%s', (sampler) => {
  it.each(Object.keys(networks))('has the same bits from every kind of start on a network in %s', async (kind) => {
    const { network, release } = await (networks[kind] as () => ReturnType<(typeof networks)[string]>)();
    const net = new MidpointFlow(network);
    const make = samplers[sampler] as () => Samplers;
    for (const shape of kind === 'ONNX' ? [SHAPE] : [SHAPE, [0, 4]]) {
      for (const init of inits) {
        for (const trajectory of [false, { denoised: true }]) {
          const options = { init, trajectory, device };
          const run = (x: Tensor | ReturnType<typeof array>, more: SampleOptions = {}): Promise<Buffer> =>
            outputs(make().sample(rng, net, x, { ...options, ...more }), trajectory !== false);
          const [copied, handed] = [array(shape), array(shape)];
          const expected = await run(copied);
          expect(copied.data).toEqual(array(shape).data);
          const pending = run(handed, { transfer: true });
          expect(handed.data.length).toBe(0);
          expect((await pending).equals(expected)).toBe(true);
          using tensor = Tensor.from(array(shape).data, shape, device);
          expect((await run(tensor)).equals(expected)).toBe(true);
          expect(await tensor.data()).toEqual(array(shape).data);
          if (shape === SHAPE) expect(expected.length).toBeGreaterThanOrEqual(4 * VALUES.length);
        }
      }
    }
    release();
    expect(device.memory().liveBytes).toBe(0);
  });
});

test('a state that no step writes comes out as a tensor of its own', async () => {
  const sampler = new Still({ numSamplingSteps: 2 });
  using given = Tensor.from(array().data, SHAPE, device);
  using result = await sampler.sample(rng, identityNet, given, { device });
  const first = await sampler.step(rng, identityNet, given, { index: 0, device });
  const second = await sampler.step(rng, identityNet, first, { index: 1, device });
  given.dispose();
  const doubled = Float32Array.from(VALUES, (value) => 2 * value);
  for (const tensor of [result, first.x, second.x]) expect(await tensor.data()).toEqual(array().data);
  for (const { carry } of [first, second]) expect(await carry['same']?.data()).toEqual(doubled);
});

describe('an array that is handed over', () => {
  const euler = new EulerSampler({ numSamplingSteps: 3 });

  it('is detached in the call, with the whole of its buffer and every view of it', async () => {
    const buffer = new ArrayBuffer(64);
    const [before, data, after] = [
      new Float32Array(buffer, 0, 3),
      new Float32Array(buffer, 12, 8),
      new Uint8Array(buffer, 44),
    ];
    data.set(VALUES);
    const run = euler.sample(rng, identityNet, { data, shape: SHAPE }, { transfer: true, device });
    expect([buffer.byteLength, before.length, data.length, after.length]).toEqual([0, 0, 0, 0]);
    const expected = await outputs(euler.sample(rng, identityNet, array(), { device }), false);
    expect((await outputs(run, false)).equals(expected)).toBe(true);
  });

  it('may begin at any multiple of four bytes', async () => {
    const [rows, width] = [3, 67];
    const means = [0, 1].map((k) => Array.from({ length: width }, (_, i) => Math.sin(i + k)));
    const mixture = GaussianMixtureNet.create({ weights: [1, 1], means, deviations: [1, 1] }, { device });
    const net = new SiTInterface(mixture);
    const values = Float32Array.from({ length: rows * width }, (_, i) => Math.cos(i));
    const run = (data: Float32Array, transfer: boolean): Promise<Buffer> =>
      outputs(euler.sample(rng, net, { data, shape: [rows, width] }, { transfer, device }), false);
    const expected = await run(values, false);
    for (let begin = 0; begin < 16; begin++) {
      const data = new Float32Array(new ArrayBuffer(values.byteLength + 64), 4 * begin, values.length);
      data.set(values);
      expect((await run(data, true)).equals(expected)).toBe(true);
    }
    mixture.dispose();
  });

  it('may lie on memory that can grow', async () => {
    const Resizable = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer;
    const data = new Float32Array(new Resizable(32, { maxByteLength: 64 }));
    data.set(VALUES);
    const run = euler.sample(rng, identityNet, { data, shape: SHAPE }, { transfer: true, device });
    expect(data.length).toBe(0);
    const expected = await outputs(euler.sample(rng, identityNet, array(), { device }), false);
    expect((await outputs(run, false)).equals(expected)).toBe(true);
  });

  it('that says it has another buffer is still detached', async () => {
    const { data } = array();
    const { buffer } = data;
    Object.defineProperty(data, 'buffer', { value: new ArrayBuffer(32) });
    (await euler.sample(rng, identityNet, { data, shape: SHAPE }, { transfer: true, device })).dispose();
    expect(buffer.byteLength).toBe(0);
  });

  it('is gone where the run ends early', async () => {
    const { data } = array();
    const options = { transfer: true, device, signal: AbortSignal.abort() };
    await expect(euler.sample(rng, identityNet, { data, shape: SHAPE }, options)).rejects.toThrow(AbortError);
    expect(data.length).toBe(0);
  });

  it.each([false, undefined])('only where it is asked for: with %s it stays', async (transfer) => {
    const given = array();
    const options = { device, ...(transfer === undefined ? {} : { transfer }) };
    const run = euler.sample(rng, identityNet, given, options);
    given.data.fill(7); // it was copied in the call
    const expected = await outputs(euler.sample(rng, identityNet, array(), { device }), false);
    expect((await outputs(run, false)).equals(expected)).toBe(true);
    expect([...given.data]).toEqual(Array(8).fill(7));
  });

  it('is left alone by plan()', async () => {
    const given = array();
    expect((await euler.plan(identityNet, given, { transfer: true, device })).steps).toBe(3);
    expect(given).toEqual(array());
  });

  const refusals: Record<string, (given: ReturnType<typeof array>) => unknown> = {
    'an unknown option': (x) => euler.sample(rng, identityNet, x, { transfer: true, unknown: 1 } as SampleOptions),
    'no Rng': (x) => euler.sample(undefined as unknown as Rng, identityNet, x, { transfer: true }),
    'no net': (x) => euler.sample(rng, {} as Net, x, { transfer: true }),
    'another length': (x) => euler.sample(rng, identityNet, { ...x, shape: [3, 4] }, { transfer: true }),
    'a wrong init': (x) => euler.sample(rng, identityNet, x, { transfer: true, init: 'fresh' as Init }),
    'a wrong scale': (x) => euler.sample(rng, identityNet, x, { transfer: true, guidanceScale: 2 }),
    'wrong seeds': (x) => euler.sample(rng, identityNet, x, { transfer: true, seeds: new BigUint64Array(3) }),
    'a wrong device': (x) => euler.sample(rng, identityNet, x, { transfer: true, device: {} as Device }),
    'a wrong signal': (x) => euler.sample(rng, identityNet, x, { transfer: true, signal: {} as AbortSignal }),
    'a transfer that is no boolean': (x) =>
      euler.sample(rng, identityNet, x, { transfer: 1 as unknown as boolean, device }),
    'a grid that throws': (x) => {
      const sampler = new EulerSampler({ numSamplingSteps: 2 });
      sampler.sampleT = () => Float64Array.of(1, 1);
      return sampler.sample(rng, identityNet, x, { transfer: true, device });
    },
  };
  it.each(Object.keys(refusals))('is untouched where the call is refused for %s', (why) => {
    const given = array();
    expect(() => (refusals[why] as (x: typeof given) => unknown)(given)).toThrow(InvalidArgumentError);
    expect(given).toEqual(array());
  });

  it('is untouched where the device has too many runs, or none any more', async () => {
    const given = array();
    const narrow = await openDevice({ threads: 1, maxRuns: 1 });
    const first = euler.sample(rng, identityNet, SHAPE, { device: narrow });
    expect(() => euler.sample(rng, identityNet, given, { transfer: true, device: narrow })).toThrow(BusyError);
    (await first).dispose();
    narrow.dispose();
    expect(() => euler.sample(rng, identityNet, given, { transfer: true, device: narrow })).toThrow(DisposedError);
    expect(given).toEqual(array());
  });

  it('that a getter took away meanwhile is refused', () => {
    const given = array();
    const options = {
      transfer: true,
      device,
      get offset() {
        structuredClone(given.data.buffer, { transfer: [given.data.buffer] });
        return 0;
      },
    };
    expect(() => euler.sample(rng, identityNet, given, options)).toThrow(
      /a Float32Array that is not detached for `x.data`/,
    );
    expect(device.runs).toBe(0);
  });

  const undetachable: Record<string, () => Float32Array> = {
    'shared memory': () => new Float32Array(new SharedArrayBuffer(32)),
    'memory of WebAssembly': () => new Float32Array(new Memory({ initial: 1 }).buffer, 0, 8),
    "Node's Buffer pool": () => {
      let pooled = Buffer.from('one');
      while (pooled.byteOffset % 4 !== 0 || pooled.byteOffset + 32 > pooled.buffer.byteLength)
        pooled = Buffer.from('one');
      return new Float32Array(pooled.buffer, pooled.byteOffset, 8);
    },
  };
  it.each(Object.keys(undetachable))('is refused, and as it was, on %s', async (where) => {
    const data = (undetachable[where] as () => Float32Array)();
    data.set(VALUES);
    const x = { data, shape: SHAPE };
    expect(() => euler.sample(rng, identityNet, x, { transfer: true, device })).toThrow(
      /^Expected memory that can be detached, with `transfer`, for `x.data` but received Float32Array of 32 bytes\. /,
    );
    expect([...data]).toEqual(VALUES);
    expect(device.runs).toBe(0);
    (await euler.sample(rng, identityNet, x, { device })).dispose();
  });

  it('is asked for beside an array only', async () => {
    using tensor = Tensor.from(array().data, SHAPE, device);
    const given = (x: Tensor | number[]) => () => euler.sample(rng, identityNet, x, { transfer: true, device });
    expect(given(SHAPE)).toThrow('Expected false, as `x` is a shape, for `transfer` but received true.');
    expect(given(tensor)).toThrow('Expected false, as `x` is a Tensor, for `transfer` but received true.');
    const step = { index: 0, device, transfer: true };
    expect(() => void euler.step(rng, identityNet, tensor, step)).toThrow(/to be absent in a single step .*`transfer`/);
    (await euler.sample(rng, identityNet, SHAPE, { transfer: false, device })).dispose();
  });
});

describe('a tensor that is given keeps its values', () => {
  const euler = new EulerSampler({ numSamplingSteps: 5 });
  let calls = 0;
  const controller = new AbortController();
  const endings: Record<string, [NetworkFunction, new (...given: never[]) => Error]> = {
    fails: [({ out }) => void out.fill(Number.NaN), NumericalError],
    'is aborted in the middle': [
      ({ x, out }) => {
        if (++calls === 3) controller.abort();
        out.set(x);
      },
      AbortError,
    ],
    'is aborted at its first network': [
      () => {
        controller.abort();
      },
      AbortError,
    ],
  };
  it.each(Object.keys(endings))('where the run %s', async (ending) => {
    const [network, kind] = endings[ending] as (typeof endings)[string];
    using tensor = Tensor.from(array().data, SHAPE, device);
    const run = euler.sample(rng, new SiTInterface(network), tensor, { device, signal: controller.signal });
    await expect(run).rejects.toThrow(kind);
    expect(await tensor.data()).toEqual(array().data);
    expect(device.memory().liveBytes).toBe(4 * VALUES.length);
  });

  it('and may start several runs at once', async () => {
    using tensor = Tensor.from(array().data, SHAPE, device);
    const expected = await outputs(euler.sample(rng, identityNet, array(), { device }), false);
    const runs = Array.from({ length: 8 }, () => euler.sample(rng, identityNet, tensor, { device }));
    for (const each of runs) expect((await outputs(each, false)).equals(expected)).toBe(true);
  });
});
