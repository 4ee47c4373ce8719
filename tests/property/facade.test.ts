import fc from 'fast-check';
import {
  Device,
  edmRecord,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  Rng,
  samplerFromConfig,
  SIT,
  SiTInterface,
  Tensor,
} from '../../src';
import { openDevice } from '../support/device';
import { anything, FACTOR, onlyTyped, SEED, sizes } from '../support/hostile';
import { conditional } from '../support/mixture';

let device: Device;
let net: SiTInterface;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
});
afterAll(() => device.dispose());

const rng = new Rng(1);
const each = <T>(numRuns: number, arbitrary: fc.Arbitrary<T>, body: (value: T) => Promise<unknown>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (value) => void (await body(value))),
    { numRuns: numRuns * FACTOR, seed: SEED },
  );

/** Throws that are typed, and at least one of either outcome over the whole property: a test that cannot fail is none. */
async function sometimes<T>(numRuns: number, arbitrary: fc.Arbitrary<T>, body: (value: T) => unknown): Promise<void> {
  let threw = 0;
  let total = 0;
  await each(numRuns, arbitrary, async (value) => {
    total++;
    if (await onlyTyped(() => body(value))) threw++;
  });
  expect(threw).toBeGreaterThan(0);
  expect(total).toBeGreaterThanOrEqual(numRuns);
}

const numbers = fc.oneof(
  fc.double(),
  fc.integer({ min: -2, max: 100 }),
  fc.constantFrom(0, 1, 0.5, 1e-300, Number.NaN, Infinity),
);

test('30,000 grids: a strictly monotone one in range, or a typed error', () =>
  sometimes(30_000, fc.array(fc.oneof(numbers, fc.double({ min: 0, max: 1 })), { maxLength: 6 }), (timeGrid) => {
    const record = timeGrid.length % 2 === 0 ? SIT : edmRecord();
    const grid = new EulerSampler({ timeGrid }).sampleT(record);
    const falling = (grid[1] as number) < (grid[0] as number);
    grid.forEach((t, i) => {
      expect(t).toBeGreaterThanOrEqual(record.range.min);
      expect(t).toBeLessThanOrEqual(record.range.max);
      if (i > 0) expect(falling ? t < (grid[i - 1] as number) : t > (grid[i - 1] as number)).toBe(true);
    });
  }));

test('20,000 sampler options of any kind', () => {
  const key = fc.constantFrom(
    'numSamplingSteps',
    'samplingTimeDist',
    'samplingTimeKwargs',
    'timeGrid',
    'lastStep',
    'diffusionCoeff',
    'diffusionCoeffNorm',
    'x',
  );
  const value = fc.oneof(
    anything,
    sizes,
    fc.constantFrom('uniform', 'exp', 'linear', 'mean'),
    fc.record({ tStart: numbers, tEnd: numbers }),
  );
  const samplers = fc.constantFrom(EulerSampler, HeunSampler, EulerMaruyamaSampler);
  return sometimes(20_000, fc.tuple(samplers, fc.dictionary(key, value)), ([Sampler, config]) => {
    const grid = new Sampler(config).sampleT(SIT);
    expect(grid.every(Number.isFinite)).toBe(true);
  });
});

test('15,000 configs of any kind', () =>
  sometimes(
    15_000,
    fc.oneof(
      anything,
      fc.record({ sampler_class: fc.oneof(anything, fc.constantFrom('heun', 'euler')), sampler: anything }),
    ),
    (config) => samplerFromConfig(config),
  ));

test('20,000 shapes, arrays and options of plan(), which allocates nothing', () => {
  const x = fc.oneof(
    anything,
    fc.array(sizes, { maxLength: 4 }),
    fc.record({ data: anything, shape: fc.oneof(anything, fc.array(sizes)) }),
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
    'what',
  );
  const options = fc.oneof(anything, fc.dictionary(option, fc.oneof(anything, sizes, numbers)));
  const sampler = new HeunSampler({ numSamplingSteps: 2 });
  return sometimes(20_000, fc.tuple(x, options), ([start, given]) => sampler.plan(net, start as never, given as never));
});

test('10,000 seeds, counts and offsets', () =>
  sometimes(10_000, fc.tuple(fc.oneof(anything, fc.bigInt(), sizes), sizes, sizes), ([seed, count, offset]) => {
    const source = new Rng(seed as never);
    source.fork(offset as never);
    const small = typeof count === 'number' && count < 1000 ? count : count === 2 ** 31 ? -1 : count;
    if (typeof small !== 'number' || small <= 5) source.seeds(small as never, offset as never);
  }));

test('5,000 mixtures and tensors of any kind', () => {
  const list = fc.oneof(anything, fc.array(fc.oneof(numbers, fc.array(numbers, { maxLength: 3 })), { maxLength: 3 }));
  const mixture = fc.record({ weights: list, means: list, deviations: list }, { requiredKeys: [] });
  return sometimes(5_000, fc.tuple(mixture, list, fc.array(sizes, { maxLength: 3 })), async ([spec, data, shape]) => {
    const bad = await onlyTyped(() => GaussianMixtureNet.create(spec as never, { device }).dispose());
    Tensor.from(data as never, shape as never, device).dispose();
    expect(bad).toBeDefined();
  });
});

test('3,000 runs with hostile starts, scales, kwargs and signals end typed, and give every byte back', async () => {
  const used = await openDevice({ threads: 1 });
  const network = GaussianMixtureNet.create({ ...conditional, classes: [0, 1, 1] }, { device: used });
  const hostileNet = new SiTInterface(network);
  const sampler = new EulerSampler({ numSamplingSteps: 2 });
  const start = fc.oneof(
    fc.constantFrom<unknown>([2, 4], [0, 4], [1, 4]),
    fc.array(numbers, { minLength: 4, maxLength: 4 }).map((v) => ({ data: Float32Array.from(v), shape: [1, 4] })),
    anything,
  );
  const kwargs = fc.oneof(
    anything,
    fc.record({ y: fc.oneof(anything, sizes, fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 3 })) }),
  );
  const scale = fc.oneof(fc.constant(2), numbers, fc.array(numbers, { maxLength: 3 }));
  const before = used.memory().liveBytes;
  await sometimes(3_000, fc.tuple(start, kwargs, scale), async ([x, netKwargs, guidanceScale]) => {
    using samples = await sampler.sample(rng, hostileNet, x as never, {
      netKwargs: netKwargs as never,
      gNetKwargs: {},
      guidanceScale,
    });
    expect((await samples.data()).every(Number.isFinite)).toBe(true);
  });
  expect(used.memory().liveBytes).toBe(before);
  used.dispose();
});

test('2,000 JavaScript networks that answer anything end typed, and give every byte back', async () => {
  const used = await openDevice({ threads: 1 });
  const answer = fc.oneof(
    anything,
    fc.array(numbers, { minLength: 2, maxLength: 4 }).map((v) => Float32Array.from(v)),
  );
  await sometimes(2_000, fc.tuple(answer, fc.boolean(), fc.boolean()), async ([value, reject, detach]) => {
    const hostile = new SiTInterface(({ out }) => {
      if (detach) structuredClone(out.buffer, { transfer: [out.buffer as ArrayBuffer] });
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- hostile callers reject with anything
      return new Promise<void>((resolve, fail) => (reject ? fail(value) : resolve(value as never)));
    });
    using samples = await new EulerSampler({ numSamplingSteps: 2 }).sample(rng, hostile, [1, 3], { device: used });
    await samples.data();
  });
  expect(used.memory().liveBytes).toBe(0);
  used.dispose();
});
