import fc from 'fast-check';
import type { Device } from '../../src';
import {
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  Rng,
  SiTInterface,
  Tensor,
} from '../../src';
import { openDevice } from '../support/device';
import { anything, endTyped, hostile, numbers, onlyTyped, sizes, some } from '../support/hostile';
import { conditional } from '../support/mixture';

let device: Device;
let net: SiTInterface;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
});
afterAll(() => device.dispose());

const rng = new Rng(1);

test('20,000 shapes, arrays and options of plan(), which allocates nothing', () => {
  const x = fc.oneof(
    anything,
    fc.array(sizes, { maxLength: 4 }),
    hostile,
    fc.record({ data: fc.oneof(anything, hostile), shape: fc.oneof(anything, hostile, fc.array(sizes)) }),
  );
  const option = fc.constantFrom(
    'gNet',
    'guidanceScale',
    'guidanceInterval',
    'netKwargs',
    'gNetKwargs',
    'init',
    'seeds',
    'trajectory',
    'offset',
    'signal',
    'graph',
    'what',
  );
  const options = fc.oneof(anything, fc.dictionary(option, fc.oneof(anything, hostile, sizes, numbers)));
  const sampler = new HeunSampler({ numSamplingSteps: 2 });
  return endTyped(20_000, fc.tuple(x, options), some, ([start, given]) =>
    sampler.plan(net, start as never, given as never),
  );
});

test('10,000 seeds, counts and offsets', () =>
  endTyped(
    10_000,
    fc.tuple(fc.oneof(anything, hostile, fc.bigInt(), sizes), sizes, sizes),
    some,
    ([seed, count, offset]) => {
      const source = new Rng(seed as never);
      source.fork(offset as never);
      const small = typeof count === 'number' && count < 1000 ? count : count === 2 ** 31 ? -1 : count;
      if (typeof small !== 'number' || small <= 5) source.seeds(small as never, offset as never);
    },
  ));

test('5,000 mixtures and tensors of any kind', () => {
  const list = fc.oneof(
    anything,
    hostile,
    fc.array(fc.oneof(numbers, fc.array(numbers, { maxLength: 3 })), { maxLength: 3 }),
  );
  const mixture = fc.record({ weights: list, means: list, deviations: list }, { requiredKeys: [] });
  return endTyped(
    5_000,
    fc.tuple(mixture, list, fc.array(sizes, { maxLength: 3 })),
    some,
    async ([spec, data, shape]) => {
      const bad = await onlyTyped(() => GaussianMixtureNet.create(spec as never, { device }).dispose());
      Tensor.from(data as never, shape as never, device).dispose();
      expect(bad).toBeDefined();
    },
  );
});

/** Half of them of the kind that is right. */
const half = <T>(right: fc.Arbitrary<T>, ...wrong: fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4 * wrong.length, arbitrary: right }, ...wrong.map((arbitrary) => ({ weight: 1, arbitrary })));
const halves = { well: 0.2, refused: 0.2 };

test('4,000 runs with hostile starts, scales, seeds, kwargs and signals end typed, and give every byte back', async () => {
  const used = await openDevice({ threads: 1 });
  const network = GaussianMixtureNet.create({ ...conditional, classes: [0, 1, 1] }, { device: used });
  const hostileNet = new SiTInterface(network);
  const sampler = new EulerMaruyamaSampler({ numSamplingSteps: 2, diffusionCoeff: 'linear' });
  const values = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 8, maxLength: 8 });
  const array = (data: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.record({ data, shape: fc.constant([2, 4]) });
  const start = half(
    fc.oneof(fc.constant([2, 4]), array(values.map((v) => Float32Array.from(v)))),
    array(fc.array(numbers, { minLength: 8, maxLength: 8 }).map((v) => Float32Array.from(v))),
    array(hostile),
    anything,
    hostile,
  );
  const label = fc.constantFrom<unknown>(0, 1, -1, [0, 1], Int32Array.of(1, -1));
  const kwargs = half(fc.record({ y: label }), anything, hostile, fc.record({ y: fc.oneof(anything, hostile, sizes) }));
  const scale = half(fc.constantFrom<unknown>(2, [1, 3]), numbers, fc.array(numbers, { maxLength: 3 }), hostile);
  const seeds = half(fc.constantFrom<unknown>(undefined, BigUint64Array.of(1n, 2n)), anything, hostile);
  const signal = half(fc.constant(undefined), anything, hostile);
  const before = used.memory().liveBytes;
  await endTyped(4_000, fc.tuple(start, kwargs, scale, seeds, signal), { well: 0.02, refused: 0.2 }, async (given) => {
    const [x, netKwargs, guidanceScale, seed, abort] = given as [never, never, never, unknown, unknown];
    try {
      using samples = await sampler.sample(rng, hostileNet, x, {
        netKwargs,
        gNetKwargs: {},
        guidanceScale,
        ...(seed === undefined ? {} : { seeds: seed as never }),
        ...(abort === undefined ? {} : { signal: abort as never }),
      });
      expect((await samples.data()).every(Number.isFinite)).toBe(true);
    } finally {
      expect(used.memory().liveBytes).toBe(before);
    }
  });
  used.dispose();
});

test('3,000 JavaScript networks that answer, reject or throw anything end typed, and give every byte back', async () => {
  const used = await openDevice({ threads: 1 });
  const right = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 });
  const answer = half(
    right.map((v) => Float32Array.from(v)),
    anything,
    hostile,
    fc.array(numbers, { minLength: 2, maxLength: 4 }).map((v) => Float32Array.from(v)),
  );
  const how = fc.constantFrom('answers', 'answers', 'resolves', 'resolves', 'rejects', 'throws');
  const takes = fc.constantFrom<'x' | 'out' | 't' | undefined>(undefined, undefined, undefined, 'x', 't', 'out');
  await endTyped(3_000, fc.tuple(answer, how, takes), halves, async ([value, way, array]) => {
    const network = new SiTInterface((call) => {
      if (array !== undefined) structuredClone(call[array].buffer, { transfer: [call[array].buffer as ArrayBuffer] });
      if (way === 'throws') throw value;
      if (way === 'answers') return value as never;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- and reject with anything
      return new Promise<void>((resolve, fail) => (way === 'rejects' ? fail(value) : resolve(value as never)));
    });
    try {
      using samples = await new EulerSampler({ numSamplingSteps: 2 }).sample(rng, network, [1, 3], { device: used });
      await samples.data();
    } finally {
      expect(used.memory().liveBytes).toBe(0);
    }
  });
  used.dispose();
});

test('1,000 tensors in any order of use and dispose(): a DisposedError, or what they hold', async () => {
  const used = await openDevice({ threads: 1 });
  const sampler = new EulerSampler({ numSamplingSteps: 2 });
  const still = new SiTInterface(({ out }) => void out.fill(0));
  const values = Float32Array.of(1, 2, 3, 4);
  const acts: Record<string, (tensor: Tensor) => Promise<unknown>> = {
    dispose: (tensor) => Promise.resolve(tensor.dispose()),
    data: async (tensor) => expect(await tensor.data()).toEqual(values),
    size: (tensor) => Promise.resolve(expect(tensor.byteLength).toBe(16)),
    sample: async (tensor) => {
      using samples = await sampler.sample(rng, still, tensor, { device: used });
      expect(await samples.data()).toEqual(values);
    },
    step: async (tensor) => {
      const { x } = await sampler.step(rng, still, { x: tensor, carry: {} }, { index: 0 });
      x.dispose();
    },
  };
  const order = fc.array(fc.constantFrom(...Object.keys(acts)), { minLength: 1, maxLength: 5 });
  await endTyped(1_000, order, halves, async (names) => {
    const tensor = Tensor.from(values, [1, 4], used);
    try {
      for (const name of names) await acts[name]?.(tensor);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_DISPOSED' });
      expect(names).toContain('dispose');
      throw error;
    } finally {
      tensor.dispose();
      expect(used.memory().liveBytes).toBe(0);
    }
  });
  used.dispose();
});
