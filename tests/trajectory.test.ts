import type { Device } from '../src';
import { EDMInterface, EulerSampler, GaussianMixtureNet, HeunSampler, Rng, SiTInterface, type SampleRun } from '../src';
import { openDevice } from './support/device';
import { conditional, guide, unitStart } from './support/mixture';
import { Ab2Sampler } from './support/own-samplers';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
});
afterAll(() => device.dispose());

const rng = new Rng(11);
const bits = async (run: SampleRun): Promise<Float32Array> => (await run).data();

describe.each(['sit', 'edm'] as const)('on %s', (kind) => {
  const nets = () => {
    const Interface = kind === 'sit' ? SiTInterface : EDMInterface;
    const make = (mixture: typeof conditional) =>
      new Interface(GaussianMixtureNet.create(mixture, { device, interface: kind }));
    return { net: make(conditional), gNet: make(guide) };
  };
  const grid = kind === 'sit' ? [1, 0.7, 0.4, 0.2, 0] : [10, 4, 1, 0.2, 0];

  it.each([
    ['Euler', EulerSampler],
    ['Heun', HeunSampler],
    ["a user's Ab2", Ab2Sampler],
  ])('%s: a trajectory changes no bit, and its states are those of single steps', async (_, Sampler) => {
    const { net, gNet } = nets();
    const guidance = { gNet, guidanceScale: [1, 2, 3, 1, 2, 3, 1, 2] };
    const sampler = new Sampler({ timeGrid: grid });
    const start = { data: unitStart, shape: [8, 4] };
    for (const x of [[8, 4], start]) {
      const plain = await bits(sampler.sample(rng, net, x, guidance));
      const run = sampler.sample(rng, net, x, { ...guidance, trajectory: { denoised: true } });
      expect(await bits(run)).toEqual(plain);
      const { times, states, denoised } = await run.trajectory();
      expect([...times]).toEqual(grid);
      expect([states.length, denoised.length]).toEqual([5, 4]);
      expect(await states[4]?.data()).toEqual(plain);
      if (x === start) expect(await states[0]?.data()).toEqual(unitStart);
      if (Sampler === Ab2Sampler) continue;
      for (let index = 0; index < 4; index++) {
        const next = await sampler.step(rng, net, states[index] as never, { index, ...guidance });
        expect(await next.x.data()).toEqual(await states[index + 1]?.data());
      }
    }
  });

  it('the denoised value is D of the state, guided, and costs no evaluation', async () => {
    const { net, gNet } = nets();
    const sampler = new EulerSampler({ timeGrid: grid });
    const options = { gNet, guidanceScale: 2 };
    const plain = await sampler.plan(net, [8, 4], options);
    const kept = await sampler.plan(net, [8, 4], { ...options, trajectory: { denoised: true } });
    expect(kept.evaluations).toBe(plain.evaluations);
    expect(kept.passes).toBe(plain.passes);
    // An Euler step that ends at clean data is D itself.
    const run = sampler.sample(rng, net, [8, 4], { ...options, trajectory: { denoised: true } });
    const end = await bits(run);
    const { denoised } = await run.trajectory();
    const last = (await denoised.at(-1)?.data()) as Float32Array;
    end.forEach((v, i) => expect(Math.abs(v - (last[i] as number))).toBeLessThan(1e-5));
  });
});

test('asking for a trajectory that was not kept is refused', async () => {
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const run = new EulerSampler({ numSamplingSteps: 2 }).sample(rng, net, [2, 4]);
  await expect(run.trajectory()).rejects.toThrow(/`trajectory`/);
});

test('seeds per row stand in the place of those of the Rng', async () => {
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const sampler = new HeunSampler({ numSamplingSteps: 4 });
  const whole = await bits(sampler.sample(rng, net, [6, 4]));
  const seeds = rng.seeds(6);
  const shuffled = BigUint64Array.from([3, 0, 5], (row) => seeds[row] as bigint);
  const picked = await bits(sampler.sample(new Rng(999), net, [3, 4], { seeds: shuffled }));
  expect([...picked]).toEqual([3, 0, 5].flatMap((row) => [...whole.subarray(4 * row, 4 * row + 4)]));
});

test('the ends of a guidance interval are times as people write them', async () => {
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const gNet = new SiTInterface(GaussianMixtureNet.create(guide, { device }));
  const sampler = new EulerSampler({ numSamplingSteps: 10 });
  for (const [low, high, guided] of [
    [0.1, 0.3, 3],
    [0.3, 0.3, 1],
    [0.31, 0.39, 0],
    [0.7, 1, 4],
  ] as const) {
    const options = { gNet, guidanceScale: 2, guidanceInterval: [low, high] as const };
    expect((await sampler.plan(net, [8, 4], options)).evaluations).toBe(10 + guided);
  }
});

test('a guidance interval guides inside, ends included, per row, and asks the guide nowhere else', async () => {
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const gNet = new SiTInterface(GaussianMixtureNet.create(guide, { device }));
  const sampler = new HeunSampler({ timeGrid: [1, 0.75, 0.5, 0.25, 0] });
  const start = { data: unitStart, shape: [8, 4] };
  const one = async (guidanceScale: number, guidanceInterval: [number, number]) =>
    bits(sampler.sample(rng, net, start, { gNet, guidanceScale, guidanceInterval }));
  const intervals: [number, number][] = [
    [0.25, 0.75],
    [0.75, 0.25],
    [0, 1],
    [0.3, 0.4],
    [0.5, 0.5],
    [0, 1],
    [0.8, 1],
    [0, 0],
  ];
  const scales = [2, 2, 3, 2, 2, 1, 2, 4];
  const mixed = await bits(
    sampler.sample(rng, net, start, { gNet, guidanceScale: scales, guidanceInterval: intervals }),
  );
  for (const [row, interval] of intervals.entries()) {
    const alone = await one(scales[row] as number, interval);
    expect(mixed.subarray(4 * row, 4 * row + 4)).toEqual(alone.subarray(4 * row, 4 * row + 4));
  }
  expect(mixed.subarray(0, 4)).not.toEqual((await one(2, [0, 1])).subarray(0, 4));
  const plain = await bits(sampler.sample(rng, net, start));
  expect(mixed.subarray(12, 16)).toEqual(plain.subarray(12, 16));
  // 7 evaluations of the net; the guide at 0.75, 0.5 and 0.25: once as an end and once as a beginning each.
  const plan = await sampler.plan(net, [8, 4], { gNet, guidanceScale: 2, guidanceInterval: [0.25, 0.75] });
  expect(plan.evaluations).toBe(7 + 6);
});
