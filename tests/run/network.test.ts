/** What a network in JavaScript is given and may do, and what is said of values that are not finite. */
import {
  EulerSampler,
  HeunSampler,
  ModelError,
  NumericalError,
  Rng,
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
