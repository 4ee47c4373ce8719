import type { Device } from '../../src';
import { DisposedError, EulerSampler, GaussianMixtureNet, InvalidArgumentError, Rng, SiTInterface } from '../../src';
import { openDevice } from '../support/device';
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
