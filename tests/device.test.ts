import {
  Device,
  devices,
  DeviceUnavailableError,
  DisposedError,
  GaussianMixtureNet,
  HeunSampler,
  InvalidArgumentError,
  Rng,
  SiTInterface,
  type DeviceOptions,
} from '../src';
import { native } from '../src/native';
import { conditional } from './support/mixture';

test("'auto' gives CUDA where it is usable, else the CPU, and says why", async () => {
  using device = await Device.open('auto');
  const { cuda } = devices();
  expect(device.kind).toBe(cuda.usable ? 'cuda' : 'cpu');
  expect(device.fallback).toBe(cuda.usable ? undefined : cuda.reason);
});

test('an explicit CUDA device that is not there throws with reason and remedy', async () => {
  const { cuda } = devices();
  const spec = cuda.usable ? 'cuda:999' : 'cuda';
  const attempt = Device.open(spec);
  await expect(attempt).rejects.toThrow(DeviceUnavailableError);
  await expect(attempt).rejects.toThrow(cuda.usable ? /found cuda:0/ : new RegExp(cuda.reason.slice(0, 12)));
  await expect(attempt).rejects.toHaveProperty('hint', cuda.usable ? 'Choose one of these.' : cuda.remedy);
});

test.each([
  ['gpu', {}, 'device'],
  ['cuda:x', {}, 'device'],
  ['cpu', { threads: 0 }, 'threads'],
  ['cpu', { threads: 1.5 }, 'threads'],
  ['cpu', { lanes: 'avx9' }, 'lanes'],
  ['cpu', { thread: 2 }, 'Device.open options key'],
])('%s with %j is refused by name', async (spec, options, name) => {
  const attempt = (async () => Device.open(spec, options as never))();
  await expect(attempt).rejects.toThrow(InvalidArgumentError);
  await expect(attempt).rejects.toThrow(`\`${name}\``);
});

test('the lanes of the CPU give the same bits', async () => {
  const bits: Float32Array[] = [];
  for (const lanes of native().cpu.lanes as Exclude<DeviceOptions['lanes'], undefined>[]) {
    using device = await Device.open('cpu', { threads: 1, lanes });
    expect(device.lanes).toBe(lanes);
    const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
    using samples = await new HeunSampler({ numSamplingSteps: 9 }).sample(new Rng(5), net, [333, 4], { device });
    bits.push(await samples.data());
  }
  bits.forEach((b) => expect(b).toEqual(bits[0]));
});

test('a run whose device is disposed of ends with a DisposedError', async () => {
  const device = await Device.open('cpu', { threads: 1 });
  const net = new SiTInterface(() => new Promise<void>(() => undefined));
  const run = new HeunSampler().sample(new Rng(1), net, [1, 4], { device });
  while (run.plan === undefined) await new Promise((resolve) => setImmediate(resolve));
  device.dispose();
  await expect(run).rejects.toThrow(DisposedError);
});

test('a device is unusable after dispose, and says so', async () => {
  const device = await Device.open('cpu');
  const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device }));
  device.dispose();
  device.dispose();
  expect(() => device.memory()).toThrow(DisposedError);
  expect(() => new HeunSampler().sample(new Rng(1), net, [1, 4])).toThrow(DisposedError);
});
