/** The addon's own entry points, past the façade: whatever they are given, they answer or throw with a code. */
import fc from 'fast-check';
import { EulerMaruyamaSampler, SiTInterface } from '../../src';
import { native, type NativeDevice, type NativePlan, type NativeTensor } from '../../src/native';
import { lower } from '../../src/plan/lower';
import { nativeOpening } from '../support/device';
import { anything, FACTOR, SEED, sizes } from '../support/hostile';

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
  return lower(plan, new BigUint64Array(2), [evaluator, { ...evaluator }], [0, ...plan.data.trajectory.states]);
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

/** Throws only errors with a code; says how it ended. */
function coded<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (typeof (error as { code?: unknown }).code !== 'string') throw error;
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
        for (const [index, replacement] of changes) {
          const path = all[index] as string[];
          let parent = plan as unknown as Record<string, unknown>;
          for (const key of path.slice(0, -1)) {
            const inner = parent[key];
            if (typeof inner !== 'object' || inner === null) return;
            parent = inner as Record<string, unknown>;
          }
          const key = path.at(-1) as string;
          if (ArrayBuffer.isView(parent) || Object.isFrozen(parent)) return;
          try {
            parent[key] = replacement;
          } catch {
            return; // a replacement that cannot hold another
          }
        }
        if (await runToEnd(plan, [])) ended++;
        else refused++;
        expect(device.memory().liveBytes).toBe(0);
      },
    ),
    { numRuns: 6_000 * FACTOR, seed: SEED },
  );
  expect(ended).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(1000);
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
    (a): unknown => Reflect.get(Object.getPrototypeOf(device) as object, 'name', a) as unknown,
  ];
  await fc.assert(
    fc.asyncProperty(fc.nat(calls.length - 1), fc.array(value, { maxLength: 6 }), async (index, values) => {
      try {
        await calls[index]?.(...values);
      } catch (error) {
        // V8 itself refuses a method on a foreign object, without a code.
        const foreign = /Illegal invocation|called on non-object|Cannot convert undefined or null/.test(
          String((error as Error).message),
        );
        if (typeof (error as { code?: unknown }).code !== 'string' && !foreign) throw error;
      }
    }),
    { numRuns: 4_000 * FACTOR, seed: SEED },
  );
  tensor.release();
  expect(device.memory().liveBytes).toBe(0);
});
