/** Runs that are under way: the event loop, reports of steps, and an AbortSignal. */
import {
  AbortError,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  Rng,
  SiTInterface,
  type Device,
  type NetworkFunction,
} from '../../src';
import { openDevice } from '../support/device';
import { conditional, unitBatch as start } from '../support/mixture';
import { mixtureFunction, sit } from '../support/networks';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 2 });
});
afterAll(() => device.dispose());

const rng = new Rng(3);

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

describe('a run', () => {
  it('has catch() and finally(), as promises have', async () => {
    const heard: string[] = [];
    const note = (what: string) => (): void => void heard.push(what);
    const good = new EulerSampler({ numSamplingSteps: 1 }).sample(
      rng,
      sit(({ x, out }) => out.set(x)),
      start,
      { device },
    );
    using samples = await good.finally(note('finally'));
    expect(samples.shape).toEqual([8, 4]);
    expect(await good.catch(note('never'))).toBe(samples);
    const bad = new EulerSampler().sample(
      rng,
      sit(() => Promise.reject(new Error('no'))),
      start,
      { device },
    );
    expect(await bad.catch((error: unknown) => (error as Error).name)).toBe('ModelError');
    await expect(bad.finally(note('finally again'))).rejects.toThrow('no');
    expect(heard).toEqual(['finally', 'finally again']);
  });
});
