import type { Device } from '../src';
import {
  AbortError,
  EDMInterface,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  InvalidArgumentError,
  ModelError,
  NumericalError,
  Rng,
  SiTInterface,
  DisposedError,
  Tensor,
  type Expr,
  type NetworkFunction,
  type Step,
} from '../src';
import { openDevice } from './support/device';
import { conditional, guide, maxDifference, unitStart } from './support/mixture';
import { mixtureFunction } from './support/networks';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 2 });
});
afterAll(() => device.dispose());

const rng = new Rng(3);
const start = { data: unitStart, shape: [8, 4] };
const sit = (network: NetworkFunction): SiTInterface => new SiTInterface(network);

describe('a JavaScript network', () => {
  it('may be synchronous, asynchronous, fill `out` or return an array', async () => {
    const fill: NetworkFunction = ({ x, out }) => out.set(x.map((v) => v * 0.5));
    const give: NetworkFunction = ({ x }) => x.map((v) => v * 0.5);
    const later: NetworkFunction = async (call) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return give(call);
    };
    const results: Float32Array[] = [];
    for (const network of [fill, give, later]) {
      using samples = await new HeunSampler({ numSamplingSteps: 3 }).sample(rng, sit(network), start, { device });
      results.push(await samples.data());
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('sees x, t of every row, its kwargs, the shape and the signal', async () => {
    const seen: { t: number[]; cond: unknown; shape: readonly number[]; signal: unknown }[] = [];
    const { signal } = new AbortController();
    const netKwargs = { y: Int32Array.of(1, 2, 3) };
    await new EulerSampler({ numSamplingSteps: 2 }).sample(
      rng,
      sit(({ x, t, cond, out, shape, signal: s }) => {
        seen.push({ t: [...t], cond, shape, signal: s });
        out.set(x);
      }),
      [3, 2, 2],
      { device, netKwargs, signal },
    );
    expect(seen.map((s) => s.t)).toEqual([
      [1, 1, 1],
      [0.5, 0.5, 0.5],
    ]);
    expect(seen[0]).toMatchObject({ cond: netKwargs, shape: [3, 2, 2], signal });
    expect(seen[0]?.cond).toBe(netKwargs);
  });

  it('has its arrays detached when it has settled', async () => {
    let kept: Float32Array[] = [];
    await new EulerSampler({ numSamplingSteps: 1 }).sample(
      rng,
      sit(({ x, t, out }) => void (kept = [x, t, out.fill(0)])),
      [2, 3],
      { device },
    );
    expect(kept.map((a) => a.length)).toEqual([0, 0, 0]);
  });

  it('that throws, rejects or gives the wrong shape is named with its step, and the device goes on', async () => {
    let calls = 0;
    function broken({ x, out }: Parameters<NetworkFunction>[0]): void {
      if (++calls === 3) throw new RangeError('out of luck');
      out.set(x);
    }
    const run = new EulerSampler({ numSamplingSteps: 5 }).sample(rng, sit(broken), [2, 3], { device });
    await expect(run).rejects.toThrow(ModelError);
    await expect(run).rejects.toThrow("The network 'broken' failed in step 2: out of luck");
    await expect(run).rejects.toMatchObject({ cause: { name: 'RangeError' } });

    const rejects = sit(() => Promise.reject(new Error('late')));
    await expect(new EulerSampler().sample(rng, rejects, [2, 3], { device })).rejects.toThrow('step 0: late');

    const wrong = sit(() => new Float32Array(5));
    await expect(new EulerSampler().sample(rng, wrong, [2, 3], { device })).rejects.toThrow(
      /Float32Array of 6 values.*20 bytes/,
    );
    using fine = await new EulerSampler().sample(rng, sit(mixtureFunction(conditional)), start, { device });
    expect((await fine.data()).every(Number.isFinite)).toBe(true);
  });
});

describe('values that are not finite', () => {
  it('stand for what a network forgot to write', async () => {
    const forgetful = sit(function forgetful({ x }) {
      x.map((v) => v / 2);
    });
    const run = new EulerSampler().sample(rng, forgetful, [2, 3], { device });
    await expect(run).rejects.toMatchObject({ network: 'forgetful', step: 0, row: 0 });
  });

  it('are reported with network, step and row', async () => {
    let calls = 0;
    const network: NetworkFunction = function poisoned({ x, out }) {
      out.set(x);
      if (++calls === 4) out[4 * 5 + 1] = Number.NaN;
    };
    const run = new EulerSampler({ numSamplingSteps: 9 }).sample(rng, sit(network), [8, 4], { device });
    await expect(run).rejects.toThrow(NumericalError);
    await expect(run).rejects.toMatchObject({ step: 3, row: 5, network: 'poisoned' });
    await expect(run).rejects.toThrow("'poisoned' gave a value that is not finite in step 3, row 5");
  });

  it('of a guide do not reach rows that do not use it', async () => {
    const net = sit(mixtureFunction(conditional));
    const gNet = sit(({ out }) => void out.fill(Number.NaN));
    const sampler = new HeunSampler({ numSamplingSteps: 4 });
    const alone = await (await sampler.sample(rng, net, [2, 4], { device })).data();
    const run = sampler.sample(rng, net, [3, 4], { device, gNet, guidanceScale: [1, 1, 2] });
    await expect(run).rejects.toMatchObject({ step: 0, row: 2 });
    const small = sit(({ out }) => void out.fill(0));
    const mixed = await (
      await sampler.sample(rng, net, [3, 4], { device, gNet: small, guidanceScale: [1, 1, 2] })
    ).data();
    expect(mixed.slice(0, 8)).toEqual(alone);
  });

  it('from an update that overflows are said to be the update’s own', async () => {
    const network: NetworkFunction = ({ out }) => void out.fill(3e38);
    const run = new EulerSampler({ numSamplingSteps: 3, samplingTimeKwargs: { tEnd: 0 } }).sample(
      rng,
      sit(network),
      { data: new Float32Array(2).fill(-3e38), shape: [1, 2] },
      { device },
    );
    await expect(run).rejects.toMatchObject({ network: undefined, row: 0 });
  });
});

describe('the event loop', () => {
  it('ticks during a long native run', async () => {
    const means = [0, 1, 2].map((k) => Array.from({ length: 4096 }, (_, i) => Math.sin(i + k)));
    const net = new SiTInterface(
      GaussianMixtureNet.create({ weights: [1, 1, 1], means, deviations: [1, 1, 1] }, { device }),
    );
    let [last, longest, ticks] = [performance.now(), 0, 0];
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      ticks++;
    }, 5);
    const begun = performance.now();
    using samples = await new HeunSampler({ numSamplingSteps: 60 }).sample(rng, net, [64, 4096], { device });
    const took = performance.now() - begun;
    clearInterval(timer);
    expect(samples.shape).toEqual([64, 4096]);
    // A run on the event loop would give one tick; half of what an idle loop gives leaves room for a busy machine.
    expect(ticks).toBeGreaterThan(took / 5 / 4);
    expect(longest).toBeLessThan(Math.max(100, took / 2));
  });
});

describe('progress', () => {
  it('reports steps in order and ends with the last', async () => {
    const network: NetworkFunction = async ({ x, out }) => {
      await new Promise((resolve) => setImmediate(resolve));
      out.set(x);
    };
    const run = new EulerSampler({ numSamplingSteps: 10 }).sample(rng, sit(network), [1, 2], { device });
    const steps: number[] = [];
    for await (const { step, steps: all } of run.progress({ every: 2 })) {
      expect(all).toBe(10);
      steps.push(step);
    }
    (await run).dispose();
    expect(steps.at(-1)).toBe(10);
    expect(steps.length).toBeGreaterThan(1);
    expect([...steps].sort((a, b) => a - b)).toEqual(steps);
    expect(run.plan?.steps).toBe(10);
  });

  it('hands out the denoised value of the step, where it is asked for in time', async () => {
    const net = sit(mixtureFunction(conditional));
    const sampler = new EulerSampler({ numSamplingSteps: 5 });
    const run = sampler.sample(rng, net, start, { device, trajectory: { denoised: true } });
    const previews = new Map<number, Float32Array>();
    for await (const { step, denoised } of run.progress({ denoised: true })) {
      if (denoised !== undefined) previews.set(step, denoised);
    }
    const { denoised } = await run.trajectory();
    expect(previews.size).toBeGreaterThan(0);
    for (const [step, preview] of previews) expect(preview).toEqual(await denoised[step - 1]?.data());
    expect(() => run.progress({ denoised: true })).not.toThrow();
    const plain = sampler.sample(rng, net, start, { device });
    await plain;
    expect(() => plain.progress({ denoised: true })).toThrow(/same turn as sample/);
  });

  it('does not leave a failure unhandled while a loop body waits', async () => {
    let calls = 0;
    const fails: NetworkFunction = ({ x, out }) => {
      if (++calls === 3) throw new Error('third');
      out.set(x);
    };
    const run = new EulerSampler({ numSamplingSteps: 9 }).sample(rng, sit(fails), [1, 2], { device });
    for await (const p of run.progress()) {
      expect(p.step).toBeLessThan(3);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await expect(run).rejects.toThrow('third');
  });

  it('ends when the run fails; the failure is in the run', async () => {
    const run = new EulerSampler().sample(
      rng,
      sit(() => Promise.reject(new Error('no'))),
      [1, 2],
      { device },
    );
    for await (const p of run.progress()) expect(p).toBeDefined();
    await expect(run).rejects.toThrow('no');
  });
});

describe('an AbortSignal', () => {
  it('wins over the error of a network that obeys it, and during tracing', async () => {
    const controller = new AbortController();
    const fetching = sit(({ signal }) => {
      setTimeout(() => controller.abort('enough'), 5);
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('fetch was aborted'))),
      );
    });
    const run = new EulerSampler().sample(rng, fetching, [1, 2], { device, signal: controller.signal });
    await expect(run).rejects.toThrow(AbortError);
    await expect(run).rejects.toMatchObject({ cause: 'enough' });
    const late = new AbortController();
    const long = new HeunSampler({ numSamplingSteps: 200_000 }).sample(rng, fetching, [1, 2], {
      device,
      signal: late.signal,
    });
    setTimeout(() => late.abort('while planning'), 20);
    await expect(long).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'while planning' });
  });

  it('before the start rejects and runs nothing', async () => {
    let calls = 0;
    const network = sit(() => void calls++);
    const run = new EulerSampler().sample(rng, network, [1, 2], { device, signal: AbortSignal.abort('stop') });
    await expect(run).rejects.toThrow(AbortError);
    await expect(run).rejects.toMatchObject({ cause: 'stop', code: 'ABORT_ERR' });
    expect(calls).toBe(0);
  });

  it('during a run ends it within two steps and gives everything back', async () => {
    using alone = await openDevice({ threads: 1 });
    const controller = new AbortController();
    let calls = 0;
    const network = sit(async ({ x, out }) => {
      if (++calls === 5) controller.abort();
      await new Promise((resolve) => setImmediate(resolve));
      out.set(x);
    });
    const run = new EulerSampler({ numSamplingSteps: 1000 }).sample(rng, network, [64, 64], {
      device: alone,
      signal: controller.signal,
    });
    await expect(run).rejects.toThrow(AbortError);
    expect(calls).toBeLessThanOrEqual(7);
    expect(alone.memory().liveBytes).toBe(0);
  });

  it('ends a run on an exact network, which never returns to JavaScript, and gives everything back', async () => {
    using alone = await openDevice({ threads: 1 });
    const net = new SiTInterface(GaussianMixtureNet.create(conditional, { device: alone }));
    const controller = new AbortController();
    const steps = 20_000;
    const run = new EulerSampler({ numSamplingSteps: steps }).sample(rng, net, [2048, 4], {
      signal: controller.signal,
    });
    while (run.step === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(run).rejects.toThrow(AbortError);
    expect(run.step).toBeLessThan(steps);
    expect(alone.memory().liveBytes).toBe(0);
  });

  it('after the end changes nothing', async () => {
    const controller = new AbortController();
    using samples = await new EulerSampler().sample(
      rng,
      sit(({ x, out }) => out.set(x)),
      [1, 2],
      {
        device,
        signal: controller.signal,
      },
    );
    controller.abort();
    expect((await samples.data()).length).toBe(2);
  });
});

describe('tensors', () => {
  it('go in and out unchanged, and are unusable after dispose', async () => {
    const tensor = Tensor.from(unitStart, [8, 4], device);
    expect(await tensor.data()).toEqual(unitStart);
    expect(tensor.byteLength).toBe(128);
    tensor.dispose();
    tensor.dispose();
    await expect(tensor.data()).rejects.toThrow(DisposedError);
    expect(() =>
      new EulerSampler().sample(
        rng,
        sit(() => {}),
        tensor,
      ),
    ).toThrow(DisposedError);
  });

  it('start a run with the bits of the array they hold, and may be disposed of at once', async () => {
    const net = sit(mixtureFunction(conditional));
    const sampler = new EulerSampler({ numSamplingSteps: 3 });
    const fromArray = await (await sampler.sample(rng, net, start, { device })).data();
    const tensor = Tensor.from(unitStart, [8, 4], device);
    const run = sampler.sample(rng, net, tensor, { device });
    const step = sampler.step(rng, net, tensor, { index: 0, device });
    expect(await tensor.data()).toEqual(unitStart);
    tensor.dispose();
    expect(await (await run).data()).toEqual(fromArray);
    expect((await step).x.shape).toEqual([8, 4]);
  });

  it('and networks, and arrays, may be disposed of or reused as soon as the call has returned', async () => {
    using alone = await openDevice({ threads: 1 });
    const network = GaussianMixtureNet.create(conditional, { device: alone });
    const reused = unitStart.slice();
    const sampler = new HeunSampler({ numSamplingSteps: 5 });
    const run = sampler.sample(rng, new SiTInterface(network), { data: reused, shape: [8, 4] });
    const kept = sampler.sample(rng, new SiTInterface(network), start);
    reused.fill(7);
    network.dispose();
    expect(() => sampler.sample(rng, new SiTInterface(network), start)).toThrow(DisposedError);
    expect(await (await run).data()).toEqual(await (await kept).data());
  });
});

describe('the start', () => {
  const still: NetworkFunction = ({ out }) => void out.fill(0);
  const begin = async (init: 'noise' | 'state' | 'clean' | undefined, tStart: number): Promise<Float32Array> => {
    const sampler = new EulerSampler({ numSamplingSteps: 1, samplingTimeKwargs: { tStart } });
    const options = init === undefined ? { device } : { device, init };
    return (await sampler.sample(rng, sit(still), start, options)).data();
  };

  it("'state' and the default take an array as it is", async () => {
    expect(await begin(undefined, 0.5)).toEqual(unitStart);
    expect(await begin('state', 0.5)).toEqual(unitStart);
  });

  it("'noise' scales an array by s(t0)", async () => {
    expect(await begin('noise', 0.5)).toEqual(unitStart.map((v) => v * 0.5));
  });

  it("'clean' adds s(t0) times the noise that a shape would get, to a(t0) times the array", async () => {
    const sampler = new EulerSampler({ numSamplingSteps: 1, samplingTimeKwargs: { tStart: 0.5 } });
    const noise = await (await sampler.sample(rng, sit(still), [8, 4], { device })).data();
    const noised = await begin('clean', 0.5);
    expect(
      maxDifference(
        noised,
        noise.map((n, i) => n + 0.5 * (unitStart[i] as number)),
      ),
    ).toBeLessThan(1e-6);
  });

  it('needs a first time with noise', () => {
    const sampler = new EulerSampler({ numSamplingSteps: 2, samplingTimeKwargs: { tStart: 0, tEnd: 1 } });
    return expect(sampler.sample(rng, sit(still), [1, 2], { device })).rejects.toThrow(/s\(t0\) > 0/);
  });
});

test('a preconditioned interface gives the same bits by single steps as in one run', async () => {
  const net = new EDMInterface(({ x, t, out }) =>
    out.set(x.map((v, i) => Math.tanh(v) * (1 + (t[Math.floor(i / 4)] as number)))),
  );
  const sampler = new HeunSampler({ timeGrid: [20, 7, 2, 0.5, 0.1] });
  const whole = await (await sampler.sample(rng, net, start, { device })).data();
  let x = Tensor.from(unitStart, [8, 4], device);
  for (let index = 0; index < 4; index++) x = (await sampler.step(rng, net, x, { index, device })).x;
  expect(await x.data()).toEqual(whole);
});

describe('options are validated before anything runs', () => {
  const net = sit(() => {});
  const sampler = new EulerSampler();
  it.each<[string, () => unknown]>([
    ['rng', () => sampler.sample(7 as never, net, [1, 2])],
    ['net', () => sampler.sample(rng, {} as never, [1, 2])],
    ['shape', () => sampler.sample(rng, net, [1, -2])],
    ['shape', () => sampler.sample(rng, net, [2 ** 31, 2 ** 31])],
    ['x', () => sampler.sample(rng, net, 'noise' as never)],
    ['x.data.length', () => sampler.sample(rng, net, { data: new Float32Array(3), shape: [1, 2] })],
    ['x.data', () => sampler.sample(rng, net, { data: [1, 2] as never, shape: [1, 2] })],
    ['init', () => sampler.sample(rng, net, [1, 2], { init: 'zeros' as never })],
    ['guidanceScale', () => sampler.sample(rng, net, [1, 2], { guidanceScale: 2 })],
    ['guidanceScale', () => sampler.sample(rng, net, [2, 2], { gNet: net, guidanceScale: [1] })],
    ['guidanceScale[1]', () => sampler.sample(rng, net, [2, 2], { gNet: net, guidanceScale: [1, Number.NaN] })],
    ['gNet', () => sampler.sample(rng, net, [1, 2], { gNet: new EDMInterface(() => {}) })],
    ['netKwargs', () => sampler.sample(rng, net, [1, 2], { netKwargs: [1] as never })],
    ['offset', () => sampler.sample(rng, net, [1, 2], { offset: -1 })],
    ['offset', () => sampler.sample(rng, net, [4, 2], { offset: Number.MAX_SAFE_INTEGER })],
    ['offset', () => sampler.sample(rng, net, [1, 2], { offset: 0, seeds: new BigUint64Array(1) })],
    ['seeds', () => sampler.sample(rng, net, [1, 2], { seeds: [1n] as never })],
    ['trajectory key', () => sampler.sample(rng, net, [1, 2], { trajectory: { states: true } as never })],
    ['guidanceInterval', () => sampler.sample(rng, net, [1, 2], { guidanceInterval: [0, 1] })],
    ['guidanceInterval', () => sampler.sample(rng, net, [2, 2], { gNet: net, guidanceInterval: [[0, 1]] })],
    [
      'guidanceInterval[1]',
      () =>
        sampler.sample(rng, net, [2, 2], {
          gNet: net,
          guidanceInterval: [
            [0, 1],
            [0, NaN],
          ],
        }),
    ],
    ['shape', () => sampler.sample(rng, net, [2 ** 34, 0])],
    [
      'init',
      () => sampler.step(rng, net, Tensor.from(unitStart, [8, 4], device), { index: 0, init: 'noise' } as never),
    ],
    [
      'state.carry.v',
      () => {
        const x = Tensor.from(unitStart, [8, 4], device);
        return sampler.step(rng, net, { x, carry: { v: Tensor.from(unitStart, [4, 8], device) } }, { index: 0 });
      },
    ],
    [
      't',
      () => {
        class AtData extends EulerSampler {
          override forward(step: Step): Expr {
            return step.net.score(step.x, 0);
          }
        }
        return new AtData().sample(rng, net, [1, 2], { device });
      },
    ],
    [
      'timeGrid',
      () => {
        class Odd extends EulerSampler {
          override sampleT(): Float64Array {
            return Float64Array.of(1, 0.5, 0.7, 0);
          }
        }
        return new Odd().sample(rng, net, [1, 2], { device });
      },
    ],
    ['signal', () => sampler.sample(rng, net, [1, 2], { signal: {} as never })],
    ['options key', () => sampler.sample(rng, net, [1, 2], { guidance: 2 } as never)],
    ['index', () => sampler.step(rng, net, Tensor.from(unitStart, [8, 4], device), { index: 99, device })],
    ['network', () => new SiTInterface(3 as never)],
  ])('%s', async (name, call) => {
    let error: unknown;
    try {
      await call();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toContain(`\`${name}\``);
  });

  it('with a network of another device', async () => {
    using other = await openDevice({ threads: 1 });
    const there = new SiTInterface(GaussianMixtureNet.create(guide, { device: other }));
    expect(() => sampler.sample(rng, there, [1, 4], { device })).toThrow(/on one device/);
  });
});
