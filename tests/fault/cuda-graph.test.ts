/** Steps that are recorded and replayed on the simulated CUDA device: how often, by whom, and what is left of it. */
import {
  CudaError,
  Device,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  OutOfMemoryError,
  Rng,
  SiTInterface,
  Tensor,
  type SampleOptions,
  type Samplers,
} from '../../src';
import { loadCudaSim } from '../support/cuda-sim';
import { bitsOf, labelled } from '../support/replayed';
import { LABELLED_MIXTURE, MidpointFlow } from '../support/small-networks';

const sim = loadCudaSim();
const SHAPE = [2, 4];
const SAMPLER = new HeunSampler({ numSamplingSteps: 6 });
/** Heun's last step is another program, which comes once. */
const REPLAYED = 5;
const GUIDED: SampleOptions = { ...labelled([0, 1]), gNetKwargs: { y: Int32Array.of(-1, 0) }, guidanceScale: [2, 3] };

/** A device with a mixture on it; whatever is left behind of them is a failure. */
async function onDevice<T>(body: (device: Device, net: MidpointFlow) => Promise<T>): Promise<T> {
  const device = await Device.open('cuda');
  try {
    const mixture = GaussianMixtureNet.create(LABELLED_MIXTURE, { device });
    try {
      return await body(device, new MidpointFlow(mixture));
    } finally {
      mixture.dispose();
    }
  } finally {
    device.dispose();
  }
}

async function sample(
  net: MidpointFlow,
  seed: number,
  options: SampleOptions = GUIDED,
  sampler: Samplers = SAMPLER,
  shape: number[] = SHAPE,
): Promise<string> {
  using tensor = await sampler.sample(new Rng(seed), net, shape, options);
  return bitsOf(await tensor.data());
}

const plainly = (net: MidpointFlow, seed: number, options = GUIDED, sampler: Samplers = SAMPLER, shape = SHAPE) =>
  sample(net, seed, { ...options, graph: false }, sampler, shape);

/** What a body has asked of graphs. */
async function counted(body: () => Promise<unknown>): Promise<{ recorded: number; replayed: number }> {
  sim.resetCounts();
  await body();
  const { byName } = sim.counts();
  const recorded = byName['cudaGraphInstantiateWithFlags'] ?? 0;
  expect(byName['cudaStreamBeginCapture'] ?? 0).toBe(recorded);
  return { recorded, replayed: byName['cudaGraphLaunch'] ?? 0 };
}

afterEach(() => {
  expect(sim.clearFailure()).toBe(0);
  expect(sim.faults()).toEqual([]);
  expect(sim.leaks()).toEqual([]);
});

test('a program is recorded once, in its second step, and replayed in all later ones of all runs of its shape', () =>
  onDevice(async (device, net) => {
    expect(await counted(() => sample(net, 1))).toEqual({ recorded: 1, replayed: REPLAYED - 1 });
    expect(device.memory().liveBytes).toBe(0);
    for (const seed of [2, 3])
      expect(await counted(() => sample(net, seed))).toEqual({ recorded: 0, replayed: REPLAYED });
    // Numbers, labels and seeds are no part of the shape.
    const others: SampleOptions = {
      ...labelled([1, 1]),
      gNetKwargs: { y: Int32Array.of(1, 0) },
      guidanceScale: [4, 5],
    };
    let bits = '';
    expect(await counted(async () => (bits = await sample(net, 4, others)))).toEqual({
      recorded: 0,
      replayed: REPLAYED,
    });
    expect(bits).toBe(await plainly(net, 4, others));
    expect(await sample(net, 1)).toBe(await plainly(net, 1));
    expect(sim.live().graphExecs).toBe(1);
    expect(device.memory().liveBytes).toBe(0);
  }));

test('networks that are no kernels, programs that come twice and `graph: false` are not recorded', () =>
  onDevice(async (device, net) => {
    const foreign = new SiTInterface(({ x, out }) => out.set(x));
    const none = { recorded: 0, replayed: 0 };
    expect(await counted(() => sample(net, 1, { ...GUIDED, graph: false }))).toEqual(none);
    expect(await counted(() => sample(net, 1, { gNet: foreign, guidanceScale: 2 }))).toEqual(none);
    expect(await counted(() => sample(foreign, 1, { device }))).toEqual(none);
    expect(await counted(() => sample(net, 1, GUIDED, new HeunSampler({ numSamplingSteps: 3 })))).toEqual(none);
    const kept = async (): Promise<void> => {
      const run = SAMPLER.sample(new Rng(1), net, SHAPE, { ...GUIDED, trajectory: true });
      const { states } = await run.trajectory();
      states.forEach((state) => state.dispose());
      (await run).dispose();
    };
    expect(await counted(kept)).toEqual(none);
    expect(sim.live().graphExecs).toBe(0);
  }));

test('runs of one shape at the same time have a workspace each', () =>
  onDevice(async (device, net) => {
    // So long that they overlap however late one begins.
    const steps = 120;
    const long = new EulerSampler({ numSamplingSteps: steps });
    const seeds = [1, 2, 3];
    const plain = await Promise.all(seeds.map((seed) => plainly(net, seed, GUIDED, long)));
    let bits: string[] = [];
    const together = async () => void (bits = await Promise.all(seeds.map((seed) => sample(net, seed, GUIDED, long))));
    const { recorded, replayed } = await counted(together);
    expect(recorded).toBeGreaterThan(1);
    expect([replayed, sim.live().graphExecs]).toEqual([seeds.length * steps - recorded, recorded]);
    expect(bits).toEqual(plain);
    const again = await counted(together);
    expect(again).toEqual({ recorded: again.recorded, replayed: seeds.length * steps - again.recorded });
    expect(sim.live().graphExecs).toBe(recorded + again.recorded);
    expect(recorded + again.recorded).toBeLessThanOrEqual(seeds.length);
    expect(bits).toEqual(plain);
    expect(device.memory().liveBytes).toBe(0);
  }));

test('of many shapes the four that were used last are kept', () =>
  onDevice(async (device, net) => {
    const shapes = [1, 2, 3, 4, 5, 6].map((rows) => [rows, 4]);
    const once = (shape: number[]) => sample(net, 9, {}, SAMPLER, shape);
    const plain = await Promise.all(shapes.map((shape) => plainly(net, 9, {}, SAMPLER, shape)));
    for (const [i, shape] of shapes.entries()) {
      expect(await once(shape)).toBe(plain[i]);
      expect(sim.live().graphExecs).toBe(Math.min(i + 1, 4));
    }
    expect((await counted(() => once([3, 4]))).recorded).toBe(0);
    expect((await counted(() => once([1, 4]))).recorded).toBe(1);
    expect((await counted(() => once([3, 4]))).recorded).toBe(0);
    expect((await counted(() => once([4, 4]))).recorded).toBe(1);
    const longer = new HeunSampler({ numSamplingSteps: 7 });
    expect((await counted(() => sample(net, 9, {}, longer, [1, 4]))).recorded).toBe(1);
    expect(device.memory().liveBytes).toBe(0);
  }));

test('another mixture of the same size is another shape', () =>
  onDevice(async (device, net) => {
    await sample(net, 1);
    using other = GaussianMixtureNet.create({ ...LABELLED_MIXTURE, deviations: [1, 2] }, { device });
    const unlike = new MidpointFlow(other);
    let bits = '';
    expect((await counted(async () => (bits = await sample(unlike, 1)))).recorded).toBe(1);
    expect(bits).toBe(await plainly(unlike, 1));
    expect(bits).not.toBe(await sample(net, 1));
  }));

test('a run that is aborted in the middle leaves its workspace to the next', () =>
  onDevice(async (device, net) => {
    const long = new EulerSampler({ numSamplingSteps: 40 });
    const plain = await plainly(net, 5, GUIDED, long);
    expect(await sample(net, 5, GUIDED, long)).toBe(plain);
    for (const at of [1, 3, 7, 20]) {
      const controller = new AbortController();
      const run = long.sample(new Rng(4), net, SHAPE, { ...GUIDED, signal: controller.signal });
      const heard = (async () => {
        for await (const { step } of run.progress()) if (step >= at) controller.abort();
      })().catch(() => undefined);
      const ended = await Promise.resolve(run).then(
        (tensor) => tensor.dispose(),
        (error: Error) => error.name,
      );
      await heard;
      if (ended !== undefined) expect(ended).toBe('AbortError');
      expect(device.memory().liveBytes).toBe(0);
      let bits = '';
      expect((await counted(async () => (bits = await sample(net, 5, GUIDED, long)))).recorded).toBe(0);
      expect(bits).toBe(plain);
      expect(sim.live().graphExecs).toBe(1);
    }
  }));

test('what is kept goes when memory runs out, and with the device', async () => {
  sim.configure({ memory: 1 << 20 });
  try {
    await onDevice(async (device, net) => {
      const wide = [2048, 4];
      const plain = await plainly(net, 1, {}, SAMPLER, wide);
      expect(await sample(net, 1, {}, SAMPLER, wide)).toBe(plain);
      const { deviceBytes, graphExecs } = sim.live();
      expect(graphExecs).toBe(1);
      expect(deviceBytes).toBeGreaterThan(200_000);
      const fits = ((1 << 20) - deviceBytes / 2) & ~1023;
      using large = Tensor.from(new Float32Array(fits / 4), [1, fits / 4], device);
      expect((await large.data()).length).toBe(fits / 4);
      expect(sim.live().graphExecs).toBe(0);
      expect(device.memory().liveBytes).toBe(fits);
      await expect(sample(net, 1, {}, SAMPLER, wide)).rejects.toThrow(OutOfMemoryError);
      large.dispose();
      expect(await sample(net, 1, {}, SAMPLER, wide)).toBe(plain);
      expect(sim.live().graphExecs).toBe(1);
    });
    expect(sim.live().graphExecs).toBe(0);
  } finally {
    sim.configure({ memory: 2 ** 32 });
  }
});

test(
  'the order in which the device works does not show, with 300 seeds',
  () =>
    onDevice(async (_, net) => {
      const plain = await Promise.all([1, 2].map((seed) => plainly(net, seed)));
      for (let seed = 0; seed < 300; seed++) {
        sim.seed(seed);
        expect([seed, await Promise.all([1, 2].map((each) => sample(net, each)))]).toEqual([seed, plain]);
      }
      sim.seed(1);
    }),
  300_000,
);

const PASSING = { 'out of memory': 2, 'invalid value': 1, 'launch failure': 701, 'not supported': 801 };
/** What may be refused as not supported: the run goes on without. */
const OPTIONAL = ['cudaStreamBeginCapture', 'cudaStreamEndCapture', 'cudaGraphInstantiateWithFlags'];
/** Calls of destructors, and one that is tried again. */
const MAY_BE_ABSORBED = /Destroy|Free|GetDevice$|SetDevice|StreamSynchronize|GetLastError|EntryPoint|Version|Malloc/;

test('every call fails once in a run that records and in one that replays: a typed error, and the next run is good', async () => {
  let survived = 0;
  /** Two runs on a device of their own, the first of which records; then that device goes. */
  const twice = (before: () => void, check: (...bits: string[]) => void) =>
    onDevice(async (_, net) => {
      before();
      check(await sample(net, 1), await sample(net, 2));
    });
  let good: string[] = [];
  await twice(
    () => sim.resetCounts(),
    (...bits) => (good = bits),
  );
  const same = (...bits: string[]) => expect(bits).toEqual(good);
  const { kernel: _, cudaGetErrorName: _name, cudaGetErrorString: _text, ...calls } = sim.counts().byName;
  expect(Object.keys(calls)).toEqual(expect.arrayContaining([...OPTIONAL, 'cudaGraphLaunch', 'cudaGraphDestroy']));
  for (const [kind, error] of Object.entries(PASSING)) {
    for (const [call, count] of Object.entries(calls)) {
      for (let n = 1; n <= count; n++) {
        const told = await twice(() => sim.failAt({ call, n, error }), same).catch(
          (thrown: unknown) => thrown as Error,
        );
        // How often the device is asked whether it has come to the end of a step differs from run to run.
        if (sim.clearFailure() > 0) {
          expect([call, told]).toEqual([
            expect.stringMatching(/^cuda(GetDevice|SetDevice|EventQuery|GetLastError)$/),
            undefined,
          ]);
          continue;
        }
        const place = `${kind}, ${call} ${n} of ${count}`;
        if (told === undefined) {
          if (!MAY_BE_ABSORBED.test(call))
            expect([place, OPTIONAL.includes(call) && error === 801]).toEqual([place, true]);
        } else {
          expect([place, told.name, told.message]).toEqual([
            place,
            expect.stringMatching(/^(CudaError|OutOfMemoryError|DeviceUnavailableError)$/),
            expect.stringMatching(call.startsWith('cudaLaunch') ? /_kernel/ : call),
          ]);
          expect(OPTIONAL.includes(call) && error === 801).toBe(false);
        }
        expect([place, sim.faults(), sim.leaks()]).toEqual([place, [], []]);
        survived++;
      }
    }
    await twice(() => undefined, same);
  }
  process.stdout.write(`${survived} faults survived by runs that record and replay\n`);
  expect(survived).toBeGreaterThan(500);
}, 300_000);

test(
  'after a fault the same device records anew and replays',
  () =>
    onDevice(async (device, net) => {
      const plain = await plainly(net, 2);
      for (const call of [
        ...OPTIONAL,
        'cudaGraphLaunch',
        'cudaGraphDestroy',
        'cudaLaunchKernelEx',
        'cudaMallocFromPoolAsync',
      ]) {
        for (let n = 1; n <= 12; n++) {
          sim.failAt({ call, n, error: 701 });
          const ended = await sample(net, 2).catch((error: unknown) => error);
          if (typeof ended === 'string') expect([call, n, ended]).toEqual([call, n, plain]);
          else expect([call, n, ended instanceof CudaError]).toEqual([call, n, true]);
          sim.clearFailure();
          expect([call, n, device.memory().liveBytes]).toEqual([call, n, 0]);
          expect([call, n, await sample(net, 2)]).toEqual([call, n, plain]);
          // So that the next fault meets a run that records.
          if (n % 2 === 0) await sample(net, 2, {}, SAMPLER, [n, 4]);
        }
      }
    }),
  300_000,
);
