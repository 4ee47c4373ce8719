/** The exact flow map of Gaussian data, which the benchmarks sample from, against the closed form of the flow. */
import type { Device } from '../../src';
import { EulerJumpSampler, EulerSampler, MeanFlowInterface, OnnxNet, Rng } from '../../src';
import { openDevice } from '../support/device';
import { gaussianFlowMap } from '../support/gaussian-flow-map';
import { maxDifference } from '../support/mixture';

const DEVIATION = 0.5;
const SHAPE = [3, 2, 2];
const MEANS = Float32Array.of(-1, 0.25, 2);
const GUIDE_MEANS = Float32Array.of(0.5, 0.5, -1);
const ROUNDING = 4e-6;

let device: Device;
let net: MeanFlowInterface;
let network: OnnxNet;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  network = await OnnxNet.load(gaussianFlowMap(SHAPE.slice(1), DEVIATION), { device, r: 'r' });
  net = new MeanFlowInterface(network);
});
afterAll(() => {
  network.dispose();
  device.dispose();
});

const state = Float32Array.from({ length: 12 }, (_, i) => 2 * Math.sin(3 * i + 1));
const sigma = (t: number): number => Math.hypot((1 - t) * DEVIATION, t);

/** Where the flow takes the state from t to r, in float64. */
function flow(t: number, r: number, means: ArrayLike<number>): number[] {
  return Array.from(state, (x, i) => {
    const mean = means[i >> 2] as number;
    return (1 - r) * mean + (sigma(r) / sigma(t)) * (x - (1 - t) * mean);
  });
}

const jumped = async (timeGrid: number[], guidance = {}): Promise<Float32Array> => {
  const sampler = new EulerJumpSampler({ timeGrid });
  const given = { data: state, shape: SHAPE };
  const options = { device, init: 'state' as const, netKwargs: { mean: MEANS }, ...guidance };
  using end = await sampler.sample(new Rng(1), net, given, options);
  return end.data();
};

test.each([
  [1, 0],
  [1, 0.3],
  [0.7, 0.2],
  [0.5, 0.499],
  [0.25, 0],
])('one jump from %p to %p is the flow', async (t, r) => {
  expect(maxDifference(await jumped([t, r]), flow(t, r, MEANS))).toBeLessThan(ROUNDING);
});

test('many jumps end where one does', async () => {
  expect(maxDifference(await jumped([1, 0.9, 0.55, 0.5, 0.01, 0]), flow(1, 0, MEANS))).toBeLessThan(ROUNDING);
});

test('guidance gives the flow to the guided mean', async () => {
  const guidance = { gNet: net, gNetKwargs: { mean: GUIDE_MEANS }, guidanceScale: 3 };
  const means = MEANS.map((mean, i) => (GUIDE_MEANS[i] as number) + 3 * (mean - (GUIDE_MEANS[i] as number)));
  expect(maxDifference(await jumped([1, 0], guidance), flow(1, 0, means))).toBeLessThan(3 * ROUNDING);
});

test('where r = t it is the velocity, on which Euler goes to the same end, at its first order', async () => {
  const error = async (numSamplingSteps: number): Promise<number> => {
    const sampler = new EulerSampler({ numSamplingSteps });
    const options = { device, init: 'state' as const, netKwargs: { mean: MEANS } };
    using end = await sampler.sample(new Rng(1), net, { data: state, shape: SHAPE }, options);
    return maxDifference(await end.data(), flow(1, 0, MEANS));
  };
  const [coarse, fine] = [await error(64), await error(128)];
  expect(fine).toBeLessThan(0.02);
  expect(coarse / fine).toBeCloseTo(2, 1);
});
