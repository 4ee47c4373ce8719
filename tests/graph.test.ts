/** `graph`: whether steps are recorded and replayed never shows in a sample, on any device. */
import {
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  Rng,
  type Device,
  type GaussianMixtureNet as Mixture,
  type SampleOptions,
  type Samplers,
} from '../src';
import { openDevice } from './support/device';
import { bitsOf, GrowingSampler, labelled } from './support/replayed';
import { LABELLED_MIXTURE, MidpointFlow } from './support/small-networks';
import { Ab2Sampler, MidpointSampler, NoisySampler } from './support/own-samplers';

const STEPS = { numSamplingSteps: 6 };
const SAMPLERS: [string, Samplers][] = [
  ['Euler', new EulerSampler(STEPS)],
  ['Heun', new HeunSampler(STEPS)],
  ['Euler-Maruyama', new EulerMaruyamaSampler({ ...STEPS, diffusionCoeff: 'linear' })],
  ['Euler jump', new EulerJumpSampler(STEPS)],
  ['midpoint', new MidpointSampler(STEPS)],
  ['Adams-Bashforth', new Ab2Sampler(STEPS)],
  ['a noisy one', new NoisySampler(STEPS)],
];
const ROWS = 3;
const SHAPE = [ROWS, 4];
const OPTIONS: [string, SampleOptions][] = [
  ['unguided', labelled([0, 1, -1])],
  ['guided', { ...labelled([1, 0, 1]), gNetKwargs: { y: new Int32Array(ROWS).fill(-1) }, guidanceScale: 2 }],
  [
    'with a scale and an interval for each row',
    {
      ...labelled([0, 1, 0]),
      gNetKwargs: {},
      guidanceScale: [1, 2.5, 4],
      guidanceInterval: [
        [0, 1],
        [0.2, 0.8],
        [0.5, 1],
      ],
    },
  ],
];

let device: Device;
let mixture: Mixture;
beforeAll(async () => {
  device = await openDevice();
  mixture = GaussianMixtureNet.create(LABELLED_MIXTURE, { device });
});
afterAll(() => {
  mixture.dispose();
  device.dispose();
});

describe.each(SAMPLERS)('%s', (_, sampler) => {
  test.each(OPTIONS)(
    '%s: a first run, a later one and one without graphs have the same bits',
    async (_name, options) => {
      const net = new MidpointFlow(mixture);
      const sample = async (seed: number, graph?: boolean): Promise<string> => {
        using tensor = await sampler.sample(
          new Rng(seed),
          net,
          SHAPE,
          graph === undefined ? options : { ...options, graph },
        );
        return bitsOf(await tensor.data());
      };
      const plain = [await sample(7, false), await sample(8, false)];
      expect(plain[0]).not.toBe(plain[1]);
      expect([await sample(7), await sample(8)]).toEqual(plain);
      expect([await sample(7, true), await sample(8, true)]).toEqual(plain);
      expect(device.memory().liveBytes).toBe(0);
    },
  );
});

test('previews are those of a run without graphs', async () => {
  const sampler = new HeunSampler({ numSamplingSteps: 8 });
  const previews = async (graph: boolean): Promise<Map<number, string>> => {
    const run = sampler.sample(new Rng(1), new MidpointFlow(mixture), SHAPE, { graph });
    const seen = new Map<number, string>();
    for await (const { step, denoised } of run.progress({ denoised: true })) {
      seen.set(step, bitsOf(denoised as Float32Array));
    }
    (await run).dispose();
    return seen;
  };
  await previews(true); // leaves recordings to the next
  const [plain, replayed] = [await previews(false), await previews(true)];
  const both = [...plain.keys()].filter((step) => replayed.has(step));
  expect(both).toContain(8);
  for (const step of both) expect([step, replayed.get(step)]).toEqual([step, plain.get(step)]);
});

test('a state that overflows is told with its step and row, replayed or not', async () => {
  const sampler = new GrowingSampler({ numSamplingSteps: 9 });
  const net = new MidpointFlow(mixture);
  const told = async (graph: boolean, small: number): Promise<unknown> => {
    const data = Float32Array.from({ length: 12 }, (_, i) => (Math.floor(i / 4) === small ? 1e-20 : 1));
    return Promise.resolve(sampler.sample(new Rng(1), net, { data, shape: SHAPE }, { graph })).then(
      () => 'no error',
      (error: Error & { step?: number }) => [error.name, error.message],
    );
  };
  const plain = [await told(false, 0), await told(false, 2)];
  expect(plain[0]).toEqual(['NumericalError', expect.stringMatching(/not finite in step 4, row 1/)]);
  expect(plain[1]).toEqual(['NumericalError', expect.stringMatching(/not finite in step 4, row 0/)]);
  for (let again = 0; again < 2; again++) expect([await told(true, 0), await told(true, 2)]).toEqual(plain);
});

test.each([1, null, 'no'])('`graph: %p` is refused by name', (graph) => {
  const sample = () => new EulerSampler(STEPS).sample(new Rng(1), new MidpointFlow(mixture), SHAPE, { graph } as never);
  expect(sample).toThrow(/Expected a boolean for `graph` but received/);
});
