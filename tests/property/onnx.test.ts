import fc from 'fast-check';
import { onnx } from 'onnx-proto';
import type { Device } from '../../src';
import { EulerSampler, OnnxModel, OnnxNet, Rng, SiTInterface } from '../../src';
import { openDevice } from '../support/device';
import { anything, FACTOR, hostile, made, onlyTyped, SEED } from '../support/hostile';
import { productModel, tinyModel, type TinyNode, type TinyPort } from '../support/tiny-onnx';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
});
afterAll(() => device.dispose());

const healthy = productModel(4);
const { FLOAT, DOUBLE, INT64, INT32, STRING } = onnx.TensorProto.DataType;

/** Loads, binds and samples; whatever goes wrong is typed, and every byte comes back. */
async function use(bytes: Uint8Array, kwargs: unknown = {}): Promise<boolean> {
  const threw = await onlyTyped(async () => {
    using net = await OnnxNet.load(bytes, { device });
    using samples = await new EulerSampler({ numSamplingSteps: 2 }).sample(new Rng(1), new SiTInterface(net), [2, 4], {
      netKwargs: kwargs as never,
    });
    await samples.data();
  });
  expect(device.memory().liveBytes).toBe(0);
  return threw;
}

const each = <T>(numRuns: number, arbitrary: fc.Arbitrary<T>, body: (value: T) => Promise<unknown>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (value) => void (await body(made(value) as T))),
    { numRuns: numRuns * FACTOR, seed: SEED },
  );

test('the healthy model samples', async () => expect(await use(healthy)).toBe(false));

test('a model that is cut anywhere is refused or runs', async () => {
  let refused = 0;
  for (let length = 0; length < healthy.length; length++) if (await use(healthy.slice(0, length))) refused++;
  expect(refused).toBeGreaterThan(healthy.length / 2);
});

test('300 models with flipped bits are refused or run', () =>
  each(300, fc.array(fc.nat({ max: healthy.length * 8 - 1 }), { minLength: 1, maxLength: 4 }), (flips) => {
    const bytes = Uint8Array.from(healthy);
    for (const bit of flips) bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    return use(bytes);
  }));

test('200 blocks of any bytes are refused', () => each(200, fc.uint8Array({ maxLength: 200 }), (bytes) => use(bytes)));

describe('models that lie or do not fit', () => {
  const port = (name: string, shape: (string | number)[], dtype: number = FLOAT): TinyPort => ({ name, shape, dtype });
  const x = port('x', ['n', 4]);
  const t = port('t', ['n']);
  const identity = [{ op: 'Identity', inputs: ['x'], output: 'v' }];

  it.each<[string, Uint8Array]>([
    ['a double state', tinyModel([port('x', ['n', 4], DOUBLE), t], identity, [port('v', ['n', 4], DOUBLE)])],
    ['a string output', tinyModel([x, t], [{ op: 'Cast', inputs: ['x'], output: 'v' }], [port('v', ['n', 4], STRING)])],
    ['an integer time', tinyModel([x, port('t', ['n'], INT64)], identity, [port('v', ['n', 4])])],
    ['a wrong rank', tinyModel([port('x', ['n', 2, 2]), t], identity, [port('v', ['n', 2, 2])])],
    ['another width', tinyModel([port('x', ['n', 5]), t], identity, [port('v', ['n', 5])])],
    ['a fixed batch of another size', tinyModel([port('x', [3, 4]), t], identity, [port('v', [3, 4])])],
    ['no time', tinyModel([x], identity, [port('v', ['n', 4])])],
    ['no output', tinyModel([x, t], [], [])],
    [
      'an output smaller than it says',
      tinyModel(
        [x, t],
        [{ op: 'ReduceSum', inputs: ['x'], output: 'v', attributes: [{ name: 'axes', ints: [1] }] }],
        [port('v', ['n', 'm'])],
      ),
    ],
    [
      'an output larger than it says',
      tinyModel(
        [x, t],
        [{ op: 'Concat', inputs: ['x', 'x'], output: 'v', attributes: [{ name: 'axis', ints: 1 }] }],
        [port('v', ['n', 4])],
      ),
    ],
    ['a further input that nobody gives', tinyModel([x, t, port('z', ['n'], INT32)], identity, [port('v', ['n', 4])])],
  ])('%s', async (_, bytes) => {
    expect(await use(bytes)).toBe(true);
  });
});

test('600 models whose output has another shape than they say end typed, when they are loaded or when they run', async () => {
  const axis = (ints: number): TinyNode['attributes'] => [{ name: 'axis', ints }];
  const sum = (axes: number[], keep: number): TinyNode['attributes'] => [
    { name: 'axes', ints: axes },
    { name: 'keepdims', ints: keep },
  ];
  const node = (op: string, inputs: string[], attributes: TinyNode['attributes']): TinyNode => ({
    op,
    inputs,
    output: 'v',
    ...(attributes === undefined ? {} : { attributes }),
  });
  const nodes: [TinyNode, honest: boolean][] = [
    [node('Tanh', ['x'], undefined), true],
    [node('Concat', ['x', 'x'], axis(0)), false],
    [node('Concat', ['x', 'x'], axis(1)), false],
    [node('ReduceSum', ['x'], sum([0], 1)), false],
    [node('ReduceSum', ['x'], sum([0], 0)), false],
    [node('ReduceSum', ['x'], sum([1], 1)), false],
    [node('ReduceSum', ['x'], sum([1], 0)), false],
    [node('Transpose', ['x'], undefined), false],
    [node('Flatten', ['x'], axis(0)), false],
    [node('Unsqueeze', ['x'], [{ name: 'axes', ints: [0] }]), false],
    [node('Unsqueeze', ['x'], [{ name: 'axes', ints: [2] }]), false],
  ];
  const said = fc.constantFrom<(string | number)[]>(
    ['n', 4],
    ['m', 4],
    ['n', 'k'],
    ['m', 'k'],
    [2, 4],
    ['a', 'b', 'c'],
  );
  let [ran, refusedInRun] = [0, 0];
  await each(
    600,
    fc.tuple(fc.constantFrom(...nodes), said, fc.integer({ min: 2, max: 5 })),
    async ([[lie, honest], shape, rows]) => {
      const bytes = tinyModel(
        [
          { name: 'x', shape: ['n', 4] },
          { name: 't', shape: ['n'] },
        ],
        [lie],
        [{ name: 'v', shape }],
      );
      let loaded = false;
      const threw = await onlyTyped(async () => {
        using net = await OnnxNet.load(bytes, { device });
        loaded = true;
        const run = new EulerSampler({ numSamplingSteps: 2 }).sample(new Rng(1), new SiTInterface(net), [rows, 4]);
        using samples = await run;
        await samples.data();
      });
      expect(device.memory().liveBytes).toBe(0);
      // A transposed square is of the right shape.
      if (!honest && !(lie.op === 'Transpose' && rows === 4)) expect(threw).toBe(true);
      if (!threw) ran++;
      else if (loaded) refusedInRun++;
    },
  );
  if (ran < 10 || refusedInRun < 100)
    throw new Error(`${ran} ran, ${refusedInRun} were refused in the run (seed ${SEED})`);
});

test('1,500 feeds and kwargs of any kind', async () => {
  const bytes = tinyModel(
    [
      { name: 'x', shape: ['n', 4] },
      { name: 't', shape: ['n'] },
      { name: 'y', shape: ['n'], dtype: INT64 },
    ],
    [{ op: 'Identity', inputs: ['x'], output: 'v' }],
    [{ name: 'v', shape: ['n', 4] }],
  );
  const model = await OnnxModel.load(bytes, { device });
  const net = new SiTInterface(await OnnxNet.load(bytes, { device }));
  const value = fc.oneof(
    anything,
    hostile,
    fc.array(fc.oneof(fc.integer(), fc.double()), { maxLength: 8 }),
    fc.bigInt(),
  );
  const feeds = fc.oneof(anything, hostile, fc.dictionary(fc.constantFrom('x', 't', 'y', 'q'), value));
  await each(1_500, feeds, async (given) => {
    await onlyTyped(() => model.run(given as never));
    await onlyTyped(async () => {
      const run = new EulerSampler({ numSamplingSteps: 1 }).sample(new Rng(1), net, [2, 4], {
        netKwargs: given as never,
      });
      (await run).dispose();
    });
  });
  model.dispose();
  await expect(model.run({ x: [0, 0, 0, 0], t: [0], y: [0] })).rejects.toHaveProperty('code', 'ERR_DISPOSED');
});
