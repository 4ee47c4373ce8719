import { Worker } from 'node:worker_threads';
import { join } from 'node:path';
import {
  BusyError,
  Device,
  DisposedError,
  EDMInterface,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  OnnxNet,
  Rng,
  SiTInterface,
  Tensor,
  type Net,
  type NetworkFunction,
  type Samplers,
} from '../src';
import { native } from '../src/native';
import { openDevice, openingText } from './support/device';
import { conditional, guide } from './support/mixture';
import { mixtureFunction } from './support/networks';
import { productModel } from './support/tiny-onnx';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 2 });
});
afterAll(() => device.dispose());

type Call = { sampler: Samplers; net: Net; rows: number; options: object };

async function mixedCalls(count: number): Promise<Call[]> {
  const sit = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const gNet = new SiTInterface(GaussianMixtureNet.create(guide, { device }));
  const edm = new EDMInterface(GaussianMixtureNet.create(conditional, { device, interface: 'edm' }));
  const onnx = new SiTInterface(await OnnxNet.load(productModel(4), { device }));
  const js = new SiTInterface(mixtureFunction(conditional));
  const kinds: ((steps: number) => Omit<Call, 'rows'>)[] = [
    (n) => ({ sampler: new HeunSampler({ numSamplingSteps: n }), net: sit, options: { gNet, guidanceScale: 2 } }),
    (n) => ({
      sampler: new EulerMaruyamaSampler({ numSamplingSteps: n, diffusionCoeff: 'linear' }),
      net: js,
      options: {},
    }),
    (n) => ({ sampler: new EulerSampler({ numSamplingSteps: n, samplingTimeDist: 'exp' }), net: edm, options: {} }),
    (n) => ({ sampler: new HeunSampler({ numSamplingSteps: n }), net: onnx, options: {} }),
  ];
  return Array.from({ length: count }, (_, i) => {
    const kind = kinds[i % kinds.length] as (typeof kinds)[number];
    return { ...kind(3 + (i % 7)), rows: 1 + ((5 * i) % 17) };
  });
}

test.each([32, 64])(
  '%d calls at once, mixed, give the bits of one after another, while a timer ticks',
  async (count) => {
    const calls = await mixedCalls(count);
    const run = async ({ sampler, net, rows, options }: Call, i: number): Promise<Float32Array> => {
      using samples = await sampler.sample(new Rng(i), net, [rows, 4], { device, ...options });
      return samples.data();
    };
    const alone: Float32Array[] = [];
    for (const [i, call] of calls.entries()) alone.push(await run(call, i));
    const before = device.memory().liveBytes;
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const together = await Promise.all(calls.map(run));
    clearInterval(timer);
    expect(together).toEqual(alone);
    expect(ticks).toBeGreaterThan(0);
    expect(device.memory().liveBytes).toBe(before);
  },
);

test('a short run that enters beside a long one ends after its own stages and about one of the other each: fair by stage', async () => {
  using one = await openDevice({ threads: 1 });
  let longCalls = 0;
  const longNet: NetworkFunction = ({ x, out }) => {
    longCalls++;
    out.set(x);
  };
  const shortNet: NetworkFunction = ({ x, out }) => out.set(x);
  const sampler = (n: number): EulerSampler => new EulerSampler({ numSamplingSteps: n });
  const long = sampler(5000).sample(new Rng(1), new SiTInterface(longNet), [1, 4], { device: one });
  while (longCalls < 10) await new Promise((resolve) => setImmediate(resolve));
  const at = longCalls;
  using quick = await sampler(20).sample(new Rng(2), new SiTInterface(shortNet), [1, 4], { device: one });
  const meanwhile = longCalls - at;
  expect(quick.shape).toEqual([1, 4]);
  // 20 steps of two stages, a start and an end; a long step takes two stages too. Twice that leaves room for planning.
  expect(meanwhile).toBeLessThan(2 * 22 + 22);
  (await long).dispose();
});

test('a limit on runs is a BusyError at once; a place is free when a run has ended, also by failing', async () => {
  using limited = await openDevice({ threads: 1, maxRuns: 2 });
  const waits: (() => void)[] = [];
  const slow = new SiTInterface(async ({ x, out }) => {
    await new Promise<void>((resolve) => waits.push(resolve));
    out.set(x);
  });
  const sampler = new EulerSampler({ numSamplingSteps: 1 });
  const controller = new AbortController();
  const first = sampler.sample(new Rng(1), slow, [1, 2], { device: limited });
  const second = sampler.sample(new Rng(2), slow, [1, 2], { device: limited, signal: controller.signal });
  expect(limited.runs).toBe(2);
  expect(() => sampler.sample(new Rng(3), slow, [1, 2], { device: limited })).toThrow(BusyError);
  expect(() => sampler.sample(new Rng(3), slow, [1, 2], { device: limited })).toThrow(/`maxRuns`/);
  controller.abort();
  await expect(second).rejects.toHaveProperty('code', 'ABORT_ERR');
  expect(limited.runs).toBe(1);
  const third = sampler.sample(new Rng(3), new SiTInterface(({ x, out }) => out.set(x)), [1, 2], { device: limited });
  (await third).dispose();
  waits.forEach((go) => go());
  (await first).dispose();
  expect(limited.runs).toBe(0);
  await expect(openDevice({ maxRuns: 0 })).rejects.toThrow(/`maxRuns`/);
});

test('a call that is refused keeps no place and holds nothing', async () => {
  using limited = await openDevice({ threads: 1, maxRuns: 1 });
  const alive = GaussianMixtureNet.create(conditional, { device: limited });
  const gone = GaussianMixtureNet.create(guide, { device: limited });
  gone.dispose();
  const sampler = new EulerSampler({ numSamplingSteps: 2 });
  const x = Tensor.from(new Float32Array(4), [1, 4], limited);
  const carried = Tensor.from(new Float32Array(4), [1, 4], limited);
  carried.dispose();
  const options = { gNet: new SiTInterface(gone), guidanceScale: 2, device: limited };
  expect(() => sampler.sample(new Rng(1), new SiTInterface(alive), [1, 4], options)).toThrow(DisposedError);
  const step = (async () =>
    sampler.step(new Rng(1), new SiTInterface(alive), { x, carry: { v: carried } }, { index: 0 }))();
  await expect(step).rejects.toThrow(DisposedError);
  expect(limited.runs).toBe(0);
  x.dispose();
  expect(limited.memory().liveBytes).toBe(0);
  (await sampler.sample(new Rng(1), new SiTInterface(alive), [1, 4], { device: limited })).dispose();
});

test('2,000 runs in a row leave live bytes where they were and resident memory flat', async () => {
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const sampler = new HeunSampler({ numSamplingSteps: 4 });
  const once = async (seed: number): Promise<void> => {
    using samples = await sampler.sample(new Rng(seed), net, [64, 4], { device });
    await samples.data();
  };
  for (let i = 0; i < 400; i++) await once(i);
  const [live, resident] = [device.memory().liveBytes, process.memoryUsage().rss];
  for (let i = 0; i < 2000; i++) await once(i);
  expect(device.memory().liveBytes).toBe(live);
  // 2,000 runs that each lost their 1 kB of state and tables would be 10 MB; the rest is room for V8's heap to breathe.
  expect(process.memoryUsage().rss - resident).toBeLessThan(60 * 2 ** 20);
});

test('several worker threads sample at once, each in an environment of its own, with the bits of the main thread', async () => {
  const root = join(__dirname, '..');
  const script = `
    require('ts-node').register({ transpileOnly: true, project: ${JSON.stringify(join(root, 'tsconfig.json'))}, compilerOptions: { module: 'commonjs', moduleResolution: 'node10' } });
    const { parentPort, workerData } = require('node:worker_threads');
    const { Device, GaussianMixtureNet, HeunSampler, Rng, SiTInterface } = require(${JSON.stringify(join(root, 'src'))});
    (async () => {
      const device = await ${openingText(1)};
      const net = new SiTInterface(GaussianMixtureNet.create(workerData.mixture, { device }));
      const samples = await new HeunSampler({ numSamplingSteps: 6 }).sample(new Rng(workerData.seed), net, [32, 4], { device });
      parentPort.postMessage(await samples.data());
      device.dispose();
    })();`;
  const work = (seed: number) =>
    new Promise<Float32Array>((resolve, reject) => {
      const worker = new Worker(script, { eval: true, env: process.env, workerData: { seed, mixture: conditional } });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  const here = async (seed: number): Promise<Float32Array> =>
    (await new HeunSampler({ numSamplingSteps: 6 }).sample(new Rng(seed), net, [32, 4], { device })).data();
  const seeds = [1, 2, 3];
  const there = await Promise.all(seeds.map(work));
  for (const [i, seed] of seeds.entries()) expect([...(there[i] as Float32Array)]).toEqual([...(await here(seed))]);
  expect(native().cpu.cores).toBeGreaterThan(0);
});
