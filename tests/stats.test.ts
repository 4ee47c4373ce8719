/** What a device says of the work it has done: exact counts, and times that add up. */
import {
  type Device,
  DisposedError,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  NumericalError,
  OnnxNet,
  Rng,
  SiTInterface,
  type Tensor,
} from '../src';
import { openDevice } from './support/device';
import { conditional, guide } from './support/mixture';
import { productModel } from './support/tiny-onnx';

const rng = new Rng(1);
const nothing = {
  runs: { started: 0, finished: 0, failed: 0 },
  steps: 0,
  evaluations: 0,
  seconds: { network: 0, combine: 0, waiting: 0 },
};

let device: Device;
beforeEach(async () => {
  device = await openDevice({ threads: 2 });
});
afterEach(() => device.dispose());

test('nothing has been done on a device that is new', () => {
  expect(device.stats()).toMatchObject(nothing);
});

test('runs, steps and evaluations of exact networks are counted, and each of their times is there', async () => {
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const gNet = new SiTInterface(GaussianMixtureNet.create(guide, { device }));
  const heun = new HeunSampler({ numSamplingSteps: 12 });
  const options = { gNet, guidanceScale: 2, device };
  const plan = await heun.plan(net, [5, 4], options);
  const begin = performance.now();
  const runs = Array.from({ length: 3 }, () => heun.sample(rng, net, [5, 4], options));
  const results = await Promise.all(runs);
  const first = await heun.step(rng, net, results[0] as Tensor, { ...options, index: 2 });
  const elapsed = (performance.now() - begin) / 1e3;

  const { runs: ended, steps, evaluations, seconds, ...memory } = device.stats();
  expect(ended).toEqual({ started: 4, finished: 4, failed: 0 });
  expect(steps).toBe(3 * 12 + 1);
  expect(evaluations).toBe(3 * plan.evaluations + 4);
  expect(memory).toEqual(device.memory());
  expect(memory.liveBytes).toBe(4 * 5 * 4 * 4);
  expect(memory.peakBytes).toBeGreaterThan(memory.liveBytes);
  expect(seconds.network).toBeGreaterThan(0);
  expect(seconds.combine).toBeGreaterThan(0);
  expect(seconds.waiting).toBeGreaterThan(0);
  expect(seconds.network + seconds.combine).toBeLessThanOrEqual(2 * elapsed);
  expect(seconds.waiting).toBeLessThanOrEqual(4 * elapsed);
  [...results, first.x].forEach((tensor) => tensor.dispose());
  expect(device.stats()).toMatchObject({ liveBytes: 0, peakBytes: memory.peakBytes });
});

test('a network in JavaScript is counted call by call, and the time it takes is waiting', async () => {
  const [sleepMs, steps] = [40, 4];
  let calls = 0;
  const net = new SiTInterface(async ({ x, out }) => {
    calls++;
    await new Promise((resolve) => setTimeout(resolve, sleepMs));
    out.set(x);
  });
  const begin = performance.now();
  const run = new HeunSampler({ numSamplingSteps: steps }).sample(rng, net, [2, 4], { device });
  while (calls < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(device.stats()).toMatchObject({ runs: { started: 1, finished: 0 }, steps: 1, evaluations: 2 });
  (await run).dispose();
  const elapsed = (performance.now() - begin) / 1e3;
  const { evaluations, seconds, ...rest } = device.stats();
  expect(rest).toMatchObject({ runs: { started: 1, finished: 1, failed: 0 }, steps });
  expect(evaluations).toBe(calls);
  expect(calls).toBe(2 * steps - 1);
  expect(seconds.network).toBe(0);
  // A timer may be a millisecond early.
  expect(seconds.waiting).toBeGreaterThanOrEqual((calls * (sleepMs - 1)) / 1e3);
  expect(seconds.waiting + seconds.combine).toBeLessThanOrEqual(elapsed);
});

test('an ONNX network is counted, and its time is the network', async () => {
  using network = await OnnxNet.load(productModel(256), { device, threads: 1 });
  const begin = performance.now();
  const run = new EulerSampler({ numSamplingSteps: 7 }).sample(rng, new SiTInterface(network), [64, 256], { device });
  (await run).dispose();
  const elapsed = (performance.now() - begin) / 1e3;
  const { seconds, ...rest } = device.stats();
  expect(rest).toMatchObject({ runs: { started: 1, finished: 1, failed: 0 }, steps: 7, evaluations: 7 });
  expect(seconds.network).toBeGreaterThan(0);
  expect(seconds.network + seconds.combine + seconds.waiting).toBeLessThanOrEqual(elapsed);
});

test('runs that fail and runs that are aborted have failed, after what they did', async () => {
  let calls = 0;
  const controller = new AbortController();
  const broken = new SiTInterface(({ out }) => void out.fill(Number.NaN));
  const aborting = new SiTInterface(({ x, out }) => {
    if (++calls === 3) controller.abort();
    out.set(x);
  });
  const euler = new EulerSampler({ numSamplingSteps: 5 });
  await expect(euler.sample(rng, broken, [1, 4], { device })).rejects.toThrow(NumericalError);
  expect(device.stats()).toMatchObject({ runs: { started: 1, finished: 0, failed: 1 }, steps: 5, evaluations: 5 });
  const run = euler.sample(rng, aborting, [1, 4], { device, signal: controller.signal });
  await expect(run).rejects.toThrow('aborted');
  expect(device.stats()).toMatchObject({ runs: { started: 2, finished: 0, failed: 2 }, steps: 7, evaluations: 7 });
});

test('a run of no rows makes its steps without asking a network', async () => {
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  (await new EulerSampler({ numSamplingSteps: 5 }).sample(rng, net, [0, 4], { device })).dispose();
  expect(device.stats()).toMatchObject({ runs: { finished: 1 }, steps: 5, evaluations: 0 });
});

test('a device that was disposed of has no stats', () => {
  device.dispose();
  expect(() => device.stats()).toThrow(DisposedError);
});
