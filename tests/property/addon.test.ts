/** The addon's own entry points, past the façade: whatever they are given, they answer or throw with a code. */
import fc from 'fast-check';
import { EulerMaruyamaSampler, SiTInterface } from '../../src';
import { native, type NativeDevice, type NativePlan, type NativeTensor } from '../../src/native';
import { lower, lowerNumbers } from '../../src/plan/lower';
import { nativeOpening } from '../support/device';
import { anything, FACTOR, hostile, made, SEED, sizes, Trapped } from '../support/hostile';
import { productModel } from '../support/tiny-onnx';
import { onnxLibrary } from '../../src/nets/onnx-library';

const addon = native();
let device: NativeDevice;
beforeAll(() => {
  device = addon.openDevice(...nativeOpening(1, addon.cpu.lanes.at(-1) as string));
});
afterAll(() => device.close());

/** A plan with every kind of stage, term and output. */
async function healthyPlan(): Promise<NativePlan> {
  const net = new SiTInterface(() => undefined);
  const gNet = new SiTInterface(() => undefined);
  const sampler = new EulerMaruyamaSampler({ numSamplingSteps: 3, diffusionCoeff: 'linear' });
  const plan = await sampler.plan(net, [2, 3], { gNet, guidanceScale: [2, 3], trajectory: { denoised: true } });
  const network = device.mixture({
    kind: 'sit',
    sigmaData: 1,
    weights: Float32Array.of(1),
    means: new Float32Array(3),
    deviations: Float32Array.of(1),
    classes: null,
  });
  const evaluator = { network, ports: null, inputs: {} };
  const numbers = await lowerNumbers(plan, undefined);
  const results = [0, ...plan.data.trajectory.states];
  return lower(plan, numbers, new BigUint64Array(2), [evaluator, { ...evaluator }], results, true);
}

/** Every path to a leaf or an object in a plan. */
function paths(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || at.length > 7) return [at];
  return [
    at,
    ...Object.entries(value).flatMap(([key, inner]) =>
      key === 'network' ? [[...at, key]] : paths(inner, [...at, key]),
    ),
  ];
}

/** A deep copy of plain parts; typed arrays are copied, native objects are shared. */
function copy<T>(value: T): T {
  if (ArrayBuffer.isView(value)) return (value as unknown as { slice(): T }).slice();
  if (Array.isArray(value)) return value.map(copy) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)])) as T;
}

/** Puts a value in the place of a part; false where the part is gone, or lies in what cannot hold another. */
function replaced(plan: NativePlan, path: string[], replacement: unknown): boolean {
  try {
    let parent = plan as unknown as Record<string, unknown>;
    for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
    if (typeof parent !== 'object' || ArrayBuffer.isView(parent) || Object.isFrozen(parent)) return false;
    parent[path.at(-1) as string] = replacement;
    return true;
  } catch {
    return false;
  }
}

/** Throws only errors with a code; says how it ended. */
function coded<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (typeof (error as { code?: unknown }).code !== 'string' && !(error instanceof Trapped)) throw error;
    return undefined;
  }
}

function runToEnd(plan: NativePlan, starts: unknown): Promise<boolean> {
  return new Promise((resolve) => {
    const run = coded(() =>
      device.startRun(plan, starts as never, {
        network: (_, x, _t, _r, out) => {
          out.set(x);
          run?.resume();
        },
        progress: () => undefined,
        done: (failure, results) => {
          results?.forEach((tensor: NativeTensor) => tensor.release());
          resolve(failure === null);
        },
      }),
    );
    if (run === undefined) resolve(false);
  });
}

const value = fc.oneof(
  anything,
  hostile,
  sizes,
  fc.constantFrom<unknown>(
    new Uint32Array(3),
    new Uint32Array(4).fill(0xffffffff),
    new Float32Array(2),
    new BigUint64Array(2),
    [],
    {},
    'float32',
    'float16',
    'bfloat16',
  ),
);

test('6,000 plans with one or two parts replaced end or are refused, and give every byte back', async () => {
  const healthy = await healthyPlan();
  expect(await runToEnd(healthy, [])).toBe(true);
  const all = paths(healthy).filter((path) => path.length > 0);
  let [ended, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(all.length - 1), value), { minLength: 1, maxLength: 2 }),
      async (changes) => {
        const plan = copy(healthy);
        for (const [index, given] of changes) {
          const replacement = made(given);
          if (!replaced(plan, all[index] as string[], replacement)) return;
        }
        if (await runToEnd(plan, [])) ended++;
        else refused++;
        expect(device.memory().liveBytes).toBe(0);
      },
    ),
    { numRuns: 6_000 * FACTOR, seed: SEED },
  );
  if (ended < 100 || refused < 1000) throw new Error(`${ended} plans ended, ${refused} were refused (seed ${SEED})`);
});

test('4,000 calls of every entry point with any arguments', async () => {
  const tensor = device.upload(new Float32Array(6));
  const calls: ((...values: unknown[]) => unknown)[] = [
    (a, b, c, d) =>
      (addon.openDevice as (...v: unknown[]) => NativeDevice)(a, b, typeof c === 'number' && c > 4 ? -1 : c, d).close(),
    (a, b, c, d, e) => (addon.normals as (...v: unknown[]) => unknown)(a, b, c, d, e, 4),
    (a, b, c) => (addon.philox as (...v: unknown[]) => unknown)(a, b, c),
    (a, b) => (addon.normalRange as (...v: unknown[]) => unknown)(a, b, 16),
    (a) => (device.upload as (v: unknown) => NativeTensor)(a).release(),
    (a) => (device.mixture as (v: unknown) => { release(): void })(a).release(),
    (a, b, c) => (device.startRun as (...v: unknown[]) => unknown)(a, b, c),
    (a, b, c) => Promise.resolve((device.onnx as (...v: unknown[]) => unknown)(a, b, c)).catch(() => undefined),
    (a) => tensor.read.call(a as NativeTensor),
    (a) => tensor.view.call(a as NativeTensor),
    (a) => tensor.release.call(a as NativeTensor),
    (a) => device.memory.call(a as NativeDevice),
    (a) => device.work.call(a as NativeDevice),
    (a): unknown => Reflect.get(Object.getPrototypeOf(device) as object, 'name', a) as unknown,
  ];
  await fc.assert(
    fc.asyncProperty(fc.nat(calls.length - 1), fc.array(value, { maxLength: 6 }), async (index, values) => {
      try {
        await calls[index]?.(...values.map(made));
      } catch (error) {
        // V8 itself refuses a method on a foreign object, without a code.
        const foreign = /Illegal invocation|called on non-object|Cannot convert undefined or null/.test(
          String((error as Error).message),
        );
        if (typeof (error as { code?: unknown }).code !== 'string' && !foreign && !(error instanceof Trapped))
          throw error;
      }
    }),
    { numRuns: 4_000 * FACTOR, seed: SEED },
  );
  tensor.release();
  expect(device.memory().liveBytes).toBe(0);
});

/** One step of a single network: evaluate, then take its output as the state. */
const plain = (evaluator: NativePlan['evaluators'][number]): NativePlan => ({
  rows: 2,
  elements: 4,
  rowShape: [4],
  slots: ['float32', 'float32'],
  programs: [
    {
      words: 1,
      times: 1,
      stages: [
        { kind: 'evaluate', input: 0, time: 0, secondTime: -1, calls: [{ evaluator: 0, output: 1 }] },
        {
          kind: 'combine',
          firstWord: 0,
          terms: [{ slot: 1, evaluator: 0 }],
          outputs: [{ slot: 0, derived: false }],
        },
      ],
    },
  ],
  sequence: Uint32Array.of(0, 0),
  steps: 2,
  classes: 1,
  rowClass: new Uint32Array(2),
  words: new Uint32Array(new Float32Array(2).fill(1).buffer),
  times: Float32Array.of(1, 0.5),
  seeds: new BigUint64Array(2),
  evaluators: [evaluator],
  results: Uint32Array.of(0),
  preview: -1,
  graph: false,
});

const acts = ['resume', 'cancel', 'write', 'take', 'later', 'resume with', 'cancel with'] as const;

test('2,000 runs whose handlers resume, cancel and take their arrays away in any order end once, and give every byte back', async () => {
  let succeeded = 0;
  const order = fc.array(fc.constantFrom(...acts), { maxLength: 5 });
  const start = fc.constantFrom<'array' | 'tensor' | 'released' | 'none'>(
    'array',
    'array',
    'tensor',
    'released',
    'none',
  );
  await fc.assert(
    fc.asyncProperty(order, start, value, async (names, from, given) => {
      const tensor = device.upload(new Float32Array(8).fill(0.5));
      const data = from === 'array' ? new Float32Array(8) : tensor;
      if (from === 'released') tensor.release();
      let ended = 0;
      await new Promise<void>((resolve) => {
        const run = coded(() =>
          device.startRun(
            plain({ network: null, ports: null, inputs: {} }),
            from === 'none' ? [] : [{ slot: 0, data }],
            {
              network: (_, x, t, _r, out) => {
                const act = (name: (typeof acts)[number]): void => {
                  if (name === 'resume') run?.resume();
                  if (name === 'cancel') run?.cancel();
                  if (name === 'write' && out.length > 0) out.fill(1);
                  if (name === 'take')
                    for (const each of [x, t, out])
                      if (each.length > 0) structuredClone(each.buffer, { transfer: [each.buffer as ArrayBuffer] });
                  if (name === 'resume with') (run as unknown as { resume(v: unknown): void })?.resume(made(given));
                  if (name === 'cancel with') (run as unknown as { cancel(v: unknown): void })?.cancel(made(given));
                };
                const at = names.indexOf('later');
                const [now, later] = at < 0 ? [names, []] : [names.slice(0, at), names.slice(at + 1)];
                now.forEach(act);
                // Whatever else happened, it ends in the end.
                setImmediate(() => {
                  later.forEach(act);
                  run?.resume();
                });
              },
              progress: () => undefined,
              done: (failure, results) => {
                ended++;
                if (failure === null) succeeded++;
                results?.forEach((result: NativeTensor) => result.release());
                run?.resume();
                run?.cancel();
                resolve();
              },
            },
          ),
        );
        if (run === undefined) resolve();
      });
      tensor.release();
      expect(ended).toBeLessThanOrEqual(1);
      expect(device.memory().liveBytes).toBe(0);
    }),
    { numRuns: 2_000 * FACTOR, seed: SEED },
  );
  if (succeeded < 200 * FACTOR) throw new Error(`only ${succeeded} runs succeeded (seed ${SEED})`);
});

test('3,000 feeds, ports, inputs and starts of a model', async () => {
  const model = await device.onnx(onnxLibrary(undefined), productModel(4), 1);
  const feed = (): Record<string, unknown> => ({
    x: { data: new Float32Array(8), shape: [2, 4] },
    t: { data: new Float32Array(2), shape: [2] },
  });
  const ports = (): Record<string, unknown> => ({ x: 'x', t: 't', r: null, out: 'v' });
  const input = fc.oneof(value, fc.record({ data: value, shape: value }));
  const change = fc.option(fc.tuple(fc.constantFrom('x', 't', 'r', 'out', 'y', '__proto__'), input), { freq: 1 });
  const starts = fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: value },
    { weight: 1, arbitrary: fc.record({ slot: value, data: value }).map((entry) => [entry]) },
  );
  let [ran, sampled] = [0, 0];
  await fc.assert(
    fc.asyncProperty(change, change, fc.option(input, { freq: 1 }), starts, async (fed, port, extra, given) => {
      const feeds = feed();
      if (fed !== null) feeds[fed[0]] = made(fed[1]);
      await model.run(feeds as never).then(
        () => ran++,
        (error: unknown) =>
          void coded(() => {
            throw error;
          }),
      );
      const named = ports();
      if (port !== null) named[port[0]] = made(port[1]);
      const inputs = extra === null ? {} : { y: made(extra) };
      const from = given === undefined ? [{ slot: 0, data: new Float32Array(8) }] : made(given);
      if (await runToEnd(plain({ network: model, ports: named as never, inputs: inputs as never }), from)) sampled++;
      expect(device.memory().liveBytes).toBe(0);
    }),
    { numRuns: 3_000 * FACTOR, seed: SEED },
  );
  model.release();
  if (ran < 300 * FACTOR || sampled < 300 * FACTOR)
    throw new Error(`only ${ran} calls and ${sampled} runs succeeded (seed ${SEED})`);
});

test('1,000 runs with hostile handlers are refused, or end', async () => {
  const handler = fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
  const handlers = fc.record({ network: handler, progress: handler });
  await fc.assert(
    fc.asyncProperty(fc.oneof(handlers, value), async (given) => {
      const hostileHandlers = made(given) as Record<string, unknown> | null;
      await new Promise<void>((resolve) => {
        const right: Record<string, unknown> = {
          network: () => run?.cancel(),
          progress: () => undefined,
          done: (_: unknown, results: NativeTensor[] | null) => {
            results?.forEach((result) => result.release());
            resolve();
          },
        };
        const isOurs =
          typeof hostileHandlers === 'object' && hostileHandlers !== null && 'network' in (given as object);
        const all = isOurs
          ? {
              ...right,
              ...Object.fromEntries(
                Object.entries(hostileHandlers).filter(([, v]) => v !== undefined && typeof v !== 'function'),
              ),
            }
          : hostileHandlers;
        const run = coded(() =>
          device.startRun(
            plain({ network: null, ports: null, inputs: {} }),
            [{ slot: 0, data: new Float32Array(8) }],
            all as never,
          ),
        );
        if (run === undefined || !isOurs) resolve();
      });
      expect(device.memory().liveBytes).toBe(0);
    }),
    { numRuns: 1_000 * FACTOR, seed: SEED },
  );
});
