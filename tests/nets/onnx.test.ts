import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import type { Device } from '../../src';
import {
  AbortError,
  DisposedError,
  EulerSampler,
  HeunSampler,
  InvalidArgumentError,
  ModelError,
  OnnxModel,
  OnnxNet,
  Rng,
  SiTInterface,
} from '../../src';
import { openDevice } from '../support/device';
import { maxDifference, unitStart } from '../support/mixture';
import { productModel, tinyModel } from '../support/tiny-onnx';

const MODELS = join(__dirname, '../../models');
const INT64 = onnx.TensorProto.DataType.INT64;
const INT32 = onnx.TensorProto.DataType.INT32;
const DOUBLE = onnx.TensorProto.DataType.DOUBLE;

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 2 });
});
afterAll(() => device.dispose());

const start = { data: unitStart, shape: [8, 4] };
const rng = new Rng(1);

describe('OnnxModel', () => {
  it('tells the inputs and outputs of a file', async () => {
    using model = await OnnxModel.load(join(MODELS, 'digits-sit.onnx'), { device });
    expect(model.inputs).toEqual([
      { name: 'x', dtype: 'float32', shape: [-1, 1, 28, 28] },
      { name: 't', dtype: 'float32', shape: [-1] },
      { name: 'y', dtype: 'int64', shape: [-1] },
    ]);
    expect(model.outputs).toEqual([{ name: 'v', dtype: 'float32', shape: [-1, 1, 28, 28] }]);
  });

  it('runs, off the event loop', async () => {
    using model = await OnnxModel.load(join(MODELS, 'digits-sit.onnx'), { device });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const n = 64;
    const x = new Float32Array(n * 784);
    const { v } = await model.run({ x, t: new Float32Array(n).fill(0.5), y: new Array<number>(n).fill(10) });
    clearInterval(timer);
    expect(v?.shape).toEqual([n, 1, 28, 28]);
    expect(ticks).toBeGreaterThan(3);
  });

  it('takes float32, int32 and int64 inputs and gives them back', async () => {
    const bytes = tinyModel(
      [
        { name: 'a', shape: ['n'] },
        { name: 'b', shape: ['n'], dtype: INT64 },
        { name: 'c', shape: ['n'], dtype: INT32 },
      ],
      ['a', 'b', 'c'].map((name) => ({ op: 'Identity', inputs: [name], output: `${name}2` })),
      [
        { name: 'a2', shape: ['n'] },
        { name: 'b2', shape: ['n'], dtype: INT64 },
        { name: 'c2', shape: ['n'], dtype: INT32 },
      ],
    );
    using model = await OnnxModel.load(bytes, { device });
    const { a2, b2, c2 } = await model.run({ a: [1.5, 2], b: [2 ** 40, -1], c: Int32Array.of(7, 8) });
    expect([a2?.data, b2?.data, c2?.data]).toEqual([
      Float32Array.of(1.5, 2),
      BigInt64Array.of(2n ** 40n, -1n),
      Int32Array.of(7, 8),
    ]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a missing input', { x: new Float32Array(784), t: [0.5] }, '`y`'],
    ['an unknown input', { x: new Float32Array(784), t: [0.5], y: [1], z: [1] }, 'feeds key'],
    ['a wrong size', { x: new Float32Array(783), t: [0.5], y: [1] }, '`x`'],
    ['a fraction for an integer', { x: new Float32Array(784), t: [0.5], y: [1.5] }, '`y[0]`'],
    ['a wrong rank', { x: new Float32Array(784), t: { data: [0.5], shape: [1, 1] }, y: [1] }, '`t`'],
    ['no array', { x: new Float32Array(784), t: 'half', y: [1] }, '`t`'],
  ])('refuses %s by name', async (_, feeds, name) => {
    using model = await OnnxModel.load(join(MODELS, 'digits-sit.onnx'), { device });
    await expect(model.run(feeds as never)).rejects.toThrow(InvalidArgumentError);
    await expect(model.run(feeds as never)).rejects.toThrow(name);
  });

  it('is unusable after dispose', async () => {
    const model = await OnnxModel.load(productModel(4), { device });
    model.dispose();
    model.dispose();
    await expect(model.run({ x: [1, 2, 3, 4], t: [1] })).rejects.toThrow(DisposedError);
  });
});

describe('what is not usable is refused with a sentence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
  const broken = join(folder, 'broken.onnx');
  writeFileSync(broken, readFileSync(join(MODELS, 'digits-sit.onnx')).subarray(0, 50_000));

  it.each<[string, () => Promise<unknown>, new (...args: never[]) => Error, RegExp]>([
    [
      'a file that is not there',
      () => OnnxModel.load('nowhere.onnx', { device }),
      ModelError,
      /'nowhere.onnx' does not exist/,
    ],
    ['a truncated file', () => OnnxModel.load(broken, { device }), ModelError, /broken\.onnx/],
    ['bytes that are no model', () => OnnxModel.load(Uint8Array.of(1, 2, 3), { device }), ModelError, /./],
    [
      'a library that is not there',
      () => OnnxModel.load(productModel(4), { device, library: '/nowhere/libonnxruntime.so' }),
      InvalidArgumentError,
      /`library`/,
    ],
    [
      'a library that is another',
      () => OnnxModel.load(productModel(4), { device, library: broken }),
      ModelError,
      /broken\.onnx/,
    ],
    [
      'an input name that is not there',
      () => OnnxNet.load(productModel(4), { device, x: 'q' }),
      InvalidArgumentError,
      /`x`/,
    ],
    [
      'an output name that is not there',
      () => OnnxNet.load(productModel(4), { device, output: 'q' }),
      InvalidArgumentError,
      /`output`/,
    ],
    [
      'an input of another dtype',
      () => {
        const x = { name: 'x', shape: ['n', 4], dtype: DOUBLE };
        const bytes = tinyModel(
          [x, { name: 't', shape: ['n'] }],
          [{ op: 'Identity', inputs: ['x'], output: 'v' }],
          [{ ...x, name: 'v' }],
        );
        return OnnxNet.load(bytes, { device });
      },
      InvalidArgumentError,
      /float32, float16 or bfloat16.*`dtype of 'x' \(x\)`/,
    ],
  ])('%s', async (_, load, type, message) => {
    await expect(load()).rejects.toThrow(type);
    await expect(load()).rejects.toThrow(message);
  });
});

/** The priority of each thread of this process, by its number; 0 is usual, and more gives way. */
function niceness(): Map<string, number> {
  const ofTask = (task: string): number => {
    const stat = readFileSync(`/proc/self/task/${task}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  };
  return new Map(
    readdirSync('/proc/self/task').flatMap((task) => {
      try {
        return [[task, ofTask(task)] as const];
      } catch {
        return []; // it has ended meanwhile
      }
    }),
  );
}

const onLinux = process.platform === 'linux' ? it : it.skip;

describe('OnnxNet in the step loop', () => {
  onLinux('has threads of its own that give way to those of the device', async () => {
    using alone = await openDevice({ threads: 2 });
    const before = niceness();
    const net = await OnnxNet.load(productModel(4), { device: alone, threads: 3 });
    const helpers = Math.min((before.get(String(process.pid)) as number) + 10, 19);
    const count = (): number => [...niceness()].filter(([task, nice]) => !before.has(task) && nice === helpers).length;
    // A thread says so when it begins.
    for (const until = performance.now() + 5000; count() < 2 && performance.now() < until;);
    expect(count()).toBe(2);
    net.dispose();
    expect(count()).toBe(0);
  });

  it('gives the numbers of the same network in JavaScript', async () => {
    const net = new SiTInterface(await OnnxNet.load(productModel(4), { device }));
    const same = new SiTInterface(({ x, t, out }) => out.set(x.map((v, i) => v * (t[Math.floor(i / 4)] as number))));
    for (const sampler of [new EulerSampler({ numSamplingSteps: 5 }), new HeunSampler({ numSamplingSteps: 5 })]) {
      const ours = await (await sampler.sample(rng, net, start, { device })).data();
      const theirs = await (await sampler.sample(rng, same, start, { device })).data();
      expect(ours).toEqual(theirs);
    }
  });

  it('calls no JavaScript between the first step and the last', async () => {
    using alone = await openDevice({ threads: 1 });
    const net = new SiTInterface(await OnnxNet.load(productModel(4), { device: alone }));
    const before = alone.memory().liveBytes;
    const run = new HeunSampler({ numSamplingSteps: 3000 }).sample(rng, net, start);
    while (alone.stats().runs.started === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(run.step).toBeLessThan(3000);
    // The event loop stands still from here. The run goes on: its workspace comes, and is gone when it has ended.
    const until = performance.now() + 60_000;
    while (alone.memory().peakBytes <= before + 128 && performance.now() < until);
    while (alone.memory().liveBytes !== before + 128 && performance.now() < until);
    expect(alone.memory().liveBytes).toBe(before + 128); // the result alone
    using samples = await run;
    expect(samples.shape).toEqual([8, 4]);
  });

  it('makes nothing of no rows', async () => {
    const net = new SiTInterface(await OnnxNet.load(join(MODELS, 'digits-sit.onnx'), { device }));
    const options = { device, netKwargs: { y: [] }, gNetKwargs: { y: 10 }, guidanceScale: 2 };
    using samples = await new HeunSampler({ numSamplingSteps: 2 }).sample(rng, net, [0, 1, 28, 28], options);
    expect(await samples.data()).toEqual(new Float32Array(0));
  });

  it('takes conditioning from netKwargs: per row, or one number for all', async () => {
    const bytes = tinyModel(
      [
        { name: 'x', shape: ['n', 4] },
        { name: 't', shape: ['n'] },
        { name: 'shift', shape: ['n', 4] },
        { name: 'level', shape: ['n'] },
      ],
      [
        { op: 'Add', inputs: ['x', 'shift'], output: 'sum' },
        { op: 'Unsqueeze', inputs: ['level'], output: 'column', attributes: [{ name: 'axes', ints: [1] }] },
        { op: 'Mul', inputs: ['sum', 'column'], output: 'v' },
      ],
      [{ name: 'v', shape: ['n', 4] }],
    );
    const net = new SiTInterface(await OnnxNet.load(bytes, { device }));
    const shift = Float32Array.from({ length: 32 }, (_, i) => i);
    const sampler = new EulerSampler({ numSamplingSteps: 1 });
    const result = await (await sampler.sample(rng, net, start, { device, netKwargs: { shift, level: 2 } })).data();
    expect(
      maxDifference(
        result,
        unitStart.map((x, i) => x - 2 * (x + i)),
      ),
    ).toBeLessThan(1e-5);
  });

  it.each<[string, object, readonly number[], RegExp]>([
    ['a missing label', {}, [2, 1, 28, 28], /`netKwargs.y`/],
    ['a label too few', { y: [1] }, [2, 1, 28, 28], /`netKwargs.y`/],
    ['an unknown kwarg', { y: [1, 2], z: 3 }, [2, 1, 28, 28], /netKwargs of digits-sit key/],
    ['a wrong shape', { y: [1, 2] }, [2, 28, 28], /\[n, 1, 28, 28\].*`shape`/],
    ['a label that the model does not have', { y: [1, 99] }, [2, 1, 28, 28], /./],
  ])('refuses %s before or as it runs', async (_, netKwargs, shape, message) => {
    const net = new SiTInterface(await OnnxNet.load(join(MODELS, 'digits-sit.onnx'), { device }));
    await expect(new EulerSampler().sample(rng, net, shape, { device, netKwargs: netKwargs as never })).rejects.toThrow(
      message,
    );
  });

  it('ends soon when it is aborted, inside a network call too', async () => {
    using alone = await openDevice({ threads: 1 });
    const net = new SiTInterface(await OnnxNet.load(join(MODELS, 'digits-sit.onnx'), { device: alone }));
    const controller = new AbortController();
    const run = new HeunSampler({ numSamplingSteps: 500 }).sample(rng, net, [128, 1, 28, 28], {
      netKwargs: { y: 3 },
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 300);
    const begun = performance.now();
    await expect(run).rejects.toThrow(AbortError);
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(alone.memory().liveBytes).toBe(0);
  });
});
