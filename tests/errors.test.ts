/** The errors themselves: their codes and names, what they carry, how documents list them, and those that only a run can show. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from '../src';
import {
  AbortError,
  BusyError,
  ConfigError,
  CudaError,
  DeviceUnavailableError,
  DisposedError,
  EulerSampler,
  GaussianMixtureNet,
  InternalError,
  InvalidArgumentError,
  ModelError,
  NativeLoadError,
  NumericalError,
  OnnxNet,
  OutOfMemoryError,
  Rng,
  SamplersError,
  SiTInterface,
  type Device,
  type Net,
} from '../src';
import { openDevice } from './support/device';
import { tinyModel } from './support/tiny-onnx';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
});
afterAll(() => device.dispose());
afterEach(() => expect(device.memory().liveBytes).toBe(0));

const cause = new RangeError('why');

/** One of each, made as the package makes them, with its code, and whether there is something to be done about it. */
const each: Record<string, [error: SamplersError, code: string, remedy: boolean]> = {
  AbortError: [new AbortError(cause), 'ABORT_ERR', false],
  BusyError: [new BusyError('cpu', 2), 'ERR_BUSY', true],
  ConfigError: [new ConfigError([{ path: 'a', message: 'a is wrong.' }], cause), 'ERR_CONFIG', false],
  CudaError: [new CudaError('a launch failed'), 'ERR_CUDA', false],
  DeviceUnavailableError: [new DeviceUnavailableError('no driver.', 'Install it.'), 'ERR_DEVICE_UNAVAILABLE', true],
  DisposedError: [new DisposedError('The tensor'), 'ERR_DISPOSED', false],
  InternalError: [new InternalError('a slot is missing', cause), 'ERR_INTERNAL', false],
  InvalidArgumentError: [
    new InvalidArgumentError('No.', { hint: 'Do.', option: 'x', cause }),
    'ERR_INVALID_ARGUMENT',
    true,
  ],
  ModelError: [new ModelError('No file.', { hint: 'Make it.', cause }), 'ERR_MODEL', true],
  NativeLoadError: [new NativeLoadError('Tried a.', 'Build it.', cause), 'ERR_NATIVE_LOAD', true],
  NumericalError: [new NumericalError('NaN.', 3, 1, 'net', 'Look at it.'), 'ERR_NUMERICAL', true],
  OutOfMemoryError: [new OutOfMemoryError('No memory.'), 'ERR_OUT_OF_MEMORY', true],
};

/** The classes that the package exports, without their root. */
const exported = Object.entries(library)
  .filter(([, value]) => typeof value === 'function' && value.prototype instanceof SamplersError)
  .map(([name]) => name);

test('every exported class is here', () => {
  expect(exported.sort()).toEqual(Object.keys(each).sort());
});

describe.each(Object.entries(each))('%s', (name, [error, code, remedy]) => {
  it('has its code and name, and is an Error', () => {
    expect(error).toMatchObject({ name, code });
    expect(error).toBeInstanceOf(SamplersError);
    expect(error).toBeInstanceOf(Error);
    expect(error.constructor.name).toBe(name);
    expect(String(error)).toBe(`${name}: ${error.message}`);
    expect(error.stack).toContain(`${name}: ${error.message}`);
  });

  it('has a hint where there is a remedy, as the last sentence of its message', () => {
    if (remedy) {
      expect(error.hint).toMatch(/\.$/);
      expect(error.message.endsWith(` ${error.hint}`)).toBe(true);
    } else {
      expect(error.hint).toBeUndefined();
    }
  });

  it('has its cause where one is known', () => {
    const knows = [
      'AbortError',
      'ConfigError',
      'InternalError',
      'InvalidArgumentError',
      'ModelError',
      'NativeLoadError',
    ];
    expect(error.cause).toBe(knows.includes(name) ? cause : undefined);
  });
});

test('docs/errors.md lists exactly the exported classes, each with its code, once', () => {
  const text = readFileSync(join(__dirname, '../docs/errors.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)`\s*\| `(\w+)`/gm)].map(([, name, code]) => [name, code]);
  const expected = Object.entries(each).map(([name, [, code]]) => [name, code]);
  expect(rows.sort()).toEqual(expected.sort());
});

async function thrown(body: () => unknown): Promise<unknown> {
  try {
    await body();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const sampler = new EulerSampler({ numSamplingSteps: 3 });
const mixture = (): GaussianMixtureNet =>
  GaussianMixtureNet.create({ weights: [1], means: [[0, 0, 0, 0]], deviations: [1] }, { device });

describe('memory that is not there', () => {
  it('ends a run with an OutOfMemoryError, and the device runs the next one', async () => {
    const net = new SiTInterface(({ x, out }) => out.set(x));
    const error = await thrown(() => sampler.sample(new Rng(1), net, [2 ** 10, 2 ** 30], { device })); // 4 terabytes a buffer
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect((error as Error).message).toMatch(/\d+ bytes/);
    expect(device.memory().liveBytes).toBe(0);
    (await sampler.sample(new Rng(1), net, [2, 4], { device })).dispose();
  });
});

describe('values that are not finite are said with network, step and row', () => {
  /** 5 rows of which row 3 has a value as large as float32 can hold. */
  const large = (): { data: Float32Array; shape: number[] } => ({
    data: new Float32Array(20).fill(0.5).fill(3e38, 13, 14),
    shape: [5, 4],
  });
  const square = tinyModel(
    [
      { name: 'x', shape: ['n', 4] },
      { name: 't', shape: ['n'] },
    ],
    [{ op: 'Mul', inputs: ['x', 'x'], output: 'v' }],
    [{ name: 'v', shape: ['n', 4] }],
  );
  const networks: [string, () => Promise<{ network: GaussianMixtureNet | OnnxNet; name: string }>][] = [
    ['exact', () => Promise.resolve({ network: mixture(), name: 'GaussianMixtureNet' })],
    ['ONNX', async () => ({ network: await OnnxNet.load(square, { device }), name: 'OnnxNet' })],
  ];
  it.each(networks)('of an %s network', async (_, make) => {
    const { network, name } = await make();
    // The exact velocity is about x / t.
    const late = new EulerSampler({ timeGrid: [0.01, 0.005, 0] });
    const error = await thrown(() => late.sample(new Rng(1), new SiTInterface(network), large(), { device }));
    expect(error).toBeInstanceOf(NumericalError);
    expect(error).toMatchObject({ network: name, step: 0, row: 3 });
    expect((error as NumericalError).message).toContain(`'${name}'`);
    network.dispose();
  });

  it('of the start, which no network is to blame for', async () => {
    const network = mixture();
    const start = large();
    start.data[13] = Number.NaN;
    const error = await thrown(() => sampler.sample(new Rng(1), new SiTInterface(network), start, { device }));
    expect(error).toBeInstanceOf(NumericalError);
    expect(error).toMatchObject({ network: undefined, row: 3 });
    network.dispose();
  });

  it('of a network in JavaScript, in a later step', async () => {
    let calls = 0;
    const net: Net = new SiTInterface(function flaky({ x, out }) {
      out.set(x);
      if (++calls === 3) out[2 * 4] = Number.POSITIVE_INFINITY;
    });
    const error = await thrown(() => sampler.sample(new Rng(1), net, [5, 4], { device }));
    expect(error).toMatchObject({ code: 'ERR_NUMERICAL', network: 'flaky', step: 2, row: 2 });
  });

  it('of the update itself, which has no network', async () => {
    const net: Net = new SiTInterface(({ x, out }) => {
      out.fill(0);
      for (let i = 0; i < 4; i++) out[4 + i] = -3.4e38;
      void x;
    });
    const data = new Float32Array(8);
    data.fill(3.4e38, 4);
    const start = { data, shape: [2, 4] };
    const error = await thrown(() =>
      new EulerSampler({ numSamplingSteps: 2 }).sample(new Rng(1), net, start, { device }),
    );
    expect(error).toBeInstanceOf(NumericalError);
    expect(error).toMatchObject({ network: undefined, step: 0, row: 1 });
    expect((error as NumericalError).message).toMatch(/overflow/);
  });
});
