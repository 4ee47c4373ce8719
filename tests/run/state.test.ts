/** The state that a run begins with and gives back. */
import {
  DisposedError,
  EDMInterface,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  Rng,
  SiTInterface,
  Tensor,
  type Device,
  type NetworkFunction,
} from '../../src';
import { openDevice } from '../support/device';
import { conditional, maxDifference, unitBatch as start, unitStart } from '../support/mixture';
import { mixtureFunction, sit } from '../support/networks';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 2 });
});
afterAll(() => device.dispose());

const rng = new Rng(3);

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
