import type { Device } from '../../src';
import { DisposedError, EulerSampler, GaussianMixtureNet, InvalidArgumentError, Rng, SiTInterface } from '../../src';
import { onCuda, openDevice } from '../support/device';
import { conditional, exactVelocity, unitStart } from '../support/mixture';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
});
afterAll(() => device.dispose());

/** The native velocity at (x, t), read off one Euler step of length h from a zero-cost start. */
async function velocityAt(t: number): Promise<Float32Array> {
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const toward = t > 0.5 ? t - 0.5 : t + 0.5; // dt = ±1/2, exact in float32
  const samples = await new EulerSampler({ timeGrid: [t, toward] }).sample(
    new Rng(0),
    net,
    { data: unitStart, shape: [8, 4] },
    { device },
  );
  const end = await samples.data();
  return end.map((v, i) => (v - (unitStart[i] as number)) / (toward - t));
}

it.each([0, 0.001, 0.25, 0.5, 0.75, 0.999, 1])('is the exact velocity at t = %d', async (t) => {
  const want = exactVelocity(conditional)(Float64Array.from(unitStart), new Float64Array(8).fill(t));
  const got = await velocityAt(t);
  got.forEach((v, i) => {
    const reference = want[i] as number;
    // float32: a dozen roundings, and the difference above loses what x + dt v rounds off (|x| < 8).
    expect(Math.abs(v - reference)).toBeLessThan(8 * 2 ** -22 + 64 * 2 ** -24 * Math.abs(reference));
  });
});

it.each<[string, object, string]>([
  ['no means', { weights: [], means: [], deviations: [] }, 'means'],
  ['a negative weight', { weights: [-1], means: [[0]], deviations: [1] }, 'weights[0]'],
  ['a deviation of zero', { weights: [1], means: [[0]], deviations: [0] }, 'deviations[0]'],
  ['too few deviations', { weights: [1, 1], means: [[0], [1]], deviations: [1] }, 'deviations'],
  ['means of different lengths', { weights: [1, 1], means: [[0], [1, 2]], deviations: [1, 1] }, 'means[1]'],
  ['a mean that is not finite', { weights: [1], means: [[Number.NaN]], deviations: [1] }, 'means[0][0]'],
  ['an unknown key', { weights: [1], means: [[0]], deviations: [1], covariance: 1 }, 'mixture key'],
])('refuses %s by name', (_, mixture, name) => {
  expect(() => GaussianMixtureNet.create(mixture as never, { device })).toThrow(InvalidArgumentError);
  expect(() => GaussianMixtureNet.create(mixture as never, { device })).toThrow(`\`${name}\``);
});

it('refuses rows of another size, and use after dispose', async () => {
  const network = GaussianMixtureNet.create(conditional, { device });
  const sample = (shape: number[]) =>
    new EulerSampler().sample(new Rng(0), new SiTInterface(network), shape, { device });
  await expect(sample([2, 5])).rejects.toThrow(/rows of 4 elements/);
  network.dispose();
  network.dispose();
  expect(() => sample([2, 4])).toThrow(DisposedError);
});

describe('the networks of a run that are one mixture', () => {
  const [rows, elements, components] = [2, 2048, 12];
  const means = Array.from({ length: components }, (_, k) =>
    Array.from({ length: elements }, (__, i) => Math.sin(k + i)),
  );
  const meanBytes = components * elements * 4;
  const ones = Array<number>(components).fill(1);
  const shape = [rows, elements];
  const sampler = new EulerSampler({ numSamplingSteps: 5 });

  // Without labels and with those of another class, so that only their numbers can be shared.
  const kwargs = { gNetKwargs: {}, netKwargs: { y: [0, 1] }, guidanceScale: 2 };

  it('hold its numbers once on a GPU, and not at all on the CPU', async () => {
    using own = await openDevice({ threads: 1 });
    const classes = ones.map((_, k) => k % 2);
    using network = GaussianMixtureNet.create({ weights: ones, means, deviations: ones, classes }, { device: own });
    const net = new SiTInterface(network);
    const { workspaceBytes } = await sampler.plan(net, shape, { ...kwargs, device: own });
    for (const graph of [true, false]) {
      (await sampler.sample(new Rng(1), net, shape, { ...kwargs, graph, device: own })).dispose();
    }
    const over = own.memory().peakBytes - workspaceBytes;
    // A replayed run hands out a copy of its state; the table and the scratch memory are small here.
    const copies = onCuda ? 1 : 0;
    expect(over).toBeGreaterThanOrEqual(copies * meanBytes);
    expect(over).toBeLessThan(copies * (meanBytes + rows * elements * 4) + 0.2 * meanBytes);
    expect(own.memory().liveBytes).toBe(0);
  });

  it('are told apart from those of another mixture, in a later run too', async () => {
    using own = await openDevice({ threads: 1 });
    const mirrored = means.map((mean) => mean.map((m) => -m));
    const make = (m: number[][]): GaussianMixtureNet =>
      GaussianMixtureNet.create({ weights: ones, means: m, deviations: ones }, { device: own });
    using one = make(means);
    using other = make(mirrored);
    const sample = async (a: GaussianMixtureNet, b: GaussianMixtureNet, graph: boolean): Promise<Float32Array> => {
      const options = { gNet: new SiTInterface(b), guidanceScale: 2, graph, device: own };
      using samples = await sampler.sample(new Rng(1), new SiTInterface(a), shape, options);
      return samples.data();
    };
    const pairs = [
      [one, other],
      [other, one],
      [one, one],
      [other, other],
    ] as const;
    const plain: Float32Array[] = [];
    for (const [a, b] of pairs) plain.push(await sample(a, b, false));
    for (let i = 1; i < 4; i++) expect(plain[i]).not.toEqual(plain[0]);
    for (let again = 0; again < 2; again++) {
      for (const [i, [a, b]] of pairs.entries()) expect(await sample(a, b, true)).toEqual(plain[i]);
    }
  });
});
