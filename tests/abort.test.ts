/** What an AbortSignal does to a run: at every moment, on every kind of network, and inside a long network call. */
import {
  AbortError,
  EulerSampler,
  GaussianMixtureNet,
  OnnxNet,
  Rng,
  SiTInterface,
  type Device,
  type Net,
  type NetworkFunction,
  type SampleRun,
} from '../src';
import { openDevice } from './support/device';
import { tinyModel } from './support/tiny-onnx';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
});
afterAll(() => device.dispose());

const ROWS = 1024;
const WIDTH = 32;
const STEPS = 100;
const rng = new Rng(1);

/** v = tanh(... tanh(x)), which looks up for an abort between any two of its nodes. */
function chain(nodes: number): Uint8Array {
  const name = (i: number): string => (i === 0 ? 'x' : i === nodes ? 'v' : `x${i}`);
  return tinyModel(
    [
      { name: 'x', shape: ['n', WIDTH] },
      { name: 't', shape: ['n'] },
    ],
    Array.from({ length: nodes }, (_, i) => ({ op: 'Tanh', inputs: [name(i)], output: name(i + 1) })),
    [{ name: 'v', shape: ['n', WIDTH] }],
  );
}

interface Subject {
  net: Net;
  dispose: () => void;
}
/** All with steps of some milliseconds, so that what the event loop has heard is hardly behind what has happened. */
const STEP_MS = 5;
const subjects: Record<string, () => Promise<Subject>> = {
  JavaScript: () => {
    const network: NetworkFunction = async ({ x, out }) => {
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      out.set(x);
    };
    return Promise.resolve({ net: new SiTInterface(network), dispose: () => undefined });
  },
  ONNX: async () => {
    const network = await OnnxNet.load(chain(120), { device, threads: 1 });
    return { net: new SiTInterface(network), dispose: () => network.dispose() };
  },
  exact: () => {
    const weights = new Array<number>(200).fill(1);
    const means = weights.map((_, k) => Array.from({ length: WIDTH }, (_e, i) => Math.sin(k + i)));
    const network = GaussianMixtureNet.create({ weights, means, deviations: weights }, { device });
    return Promise.resolve({ net: new SiTInterface(network), dispose: () => network.dispose() });
  },
};

/** A place for the network itself to abort from. */
interface Scene {
  run: SampleRun;
  controller: AbortController;
  reason: unknown;
}

const untilStep = async (run: SampleRun, step: number): Promise<void> => {
  for await (const progress of run.progress()) if (progress.step >= step) return;
};

/** Each says at which step it aborted, as far as the event loop had heard. */
const moments: Record<string, (scene: Scene) => Promise<number>> = {
  'in the turn of the call': ({ run, controller, reason }) => {
    controller.abort(reason);
    return Promise.resolve(run.step);
  },
  'from its progress at the first step': async ({ run, controller, reason }) => {
    await untilStep(run, 1);
    controller.abort(reason);
    return run.step;
  },
  'from its progress at step 7, and again': async ({ run, controller, reason }) => {
    await untilStep(run, 7);
    controller.abort(reason);
    const at = run.step;
    controller.abort('a later reason');
    return at;
  },
  'from a timer': async ({ run, controller, reason }) => {
    await untilStep(run, 1);
    await new Promise((resolve) => setTimeout(resolve, 3 * STEP_MS));
    controller.abort(reason);
    return run.step;
  },
};

const start = (net: Net, steps: number, signal?: AbortSignal): SampleRun =>
  new EulerSampler({ numSamplingSteps: steps }).sample(rng, net, [ROWS, WIDTH], {
    device,
    trajectory: { denoised: true },
    ...(signal === undefined ? {} : { signal }),
  });

const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer);

/** The samples of a short run, and every byte of it given back. */
async function short(net: Net): Promise<Buffer> {
  const run = start(net, 2);
  using samples = await run;
  const { states, denoised } = await run.trajectory();
  for (const tensor of [...states, ...denoised]) tensor.dispose();
  return bytes(await samples.data());
}

async function rejection(run: SampleRun): Promise<unknown> {
  return Promise.resolve(run).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(Object.keys(subjects))('a run on a network in %s', (kind) => {
  let subject: Subject;
  let expected: Buffer;
  let live: number;
  beforeAll(async () => {
    subject = await (subjects[kind] as () => Promise<Subject>)();
    live = device.memory().liveBytes;
    expected = await short(subject.net);
  });
  afterAll(() => subject.dispose());
  afterEach(async () => {
    expect(device.memory().liveBytes).toBe(live);
    expect(device.runs).toBe(0);
    expect((await short(subject.net)).equals(expected)).toBe(true); // the device runs the next one
    expect(device.memory().liveBytes).toBe(live);
  });

  const expectAborted = (error: unknown, reason: unknown): void => {
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    expect((error as AbortError).cause).toBe(reason);
  };

  it.each(Object.keys(moments))('that is aborted %s ends within two steps, with the reason', async (when) => {
    const controller = new AbortController();
    const reason = { when };
    const run = start(subject.net, STEPS, controller.signal);
    const at = await (moments[when] as (scene: Scene) => Promise<number>)({ run, controller, reason });
    expectAborted(await rejection(run), reason);
    expect(run.step - at).toBeLessThanOrEqual(2);
    expect(run.step).toBeLessThan(STEPS);
  });

  it('that was aborted before the call does no step', async () => {
    const reason = new Error('before');
    const run = start(subject.net, STEPS, AbortSignal.abort(reason));
    expectAborted(await rejection(run), reason);
    expect(run.step).toBe(0);
    expect(run.plan).toBeUndefined();
  });

  it('that is aborted without a reason has the one that the signal makes', async () => {
    const controller = new AbortController();
    const run = start(subject.net, STEPS, controller.signal);
    await untilStep(run, 2);
    controller.abort();
    const error = await rejection(run);
    expectAborted(error, controller.signal.reason);
    expect((error as { cause: Error }).cause.name).toBe('AbortError');
  });

  it('that is aborted after its end keeps its result', async () => {
    const controller = new AbortController();
    const run = start(subject.net, 2, controller.signal);
    using samples = await run;
    controller.abort();
    expect(bytes(await samples.data()).equals(expected)).toBe(true);
    const { states, denoised } = await run.trajectory();
    for (const tensor of [...states, ...denoised]) tensor.dispose();
  });
});

test('a JavaScript network may abort its own run: it is not asked again', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  let calls = 0;
  const net = new SiTInterface(({ x, out }) => {
    if (++calls === 4) controller.abort(reason);
    out.set(x);
  });
  const live = device.memory().liveBytes;
  const error = await rejection(start(net, STEPS, controller.signal));
  expect(error).toBeInstanceOf(AbortError);
  expect((error as AbortError).cause).toBe(reason);
  expect(calls).toBe(4);
  expect(device.memory().liveBytes).toBe(live);
});

test('an abort ends a single long call of an ONNX network, inside it', async () => {
  using network = await OnnxNet.load(chain(2000), { device, threads: 1 });
  const net = new SiTInterface(network);
  const rows = 24_576;
  const once = (signal: AbortSignal): SampleRun =>
    new EulerSampler({ numSamplingSteps: 1 }).sample(rng, net, [rows, WIDTH], { device, signal });
  const live = device.memory().liveBytes;

  const whole = once(new AbortController().signal);
  while (whole.plan === undefined) await new Promise((resolve) => setImmediate(resolve));
  const began = performance.now();
  (await whole).dispose();
  const callMs = performance.now() - began;

  const controller = new AbortController();
  const run = once(controller.signal);
  while (run.plan === undefined) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, callMs / 8));
  const abortedAt = performance.now();
  controller.abort();
  expect(await rejection(run)).toBeInstanceOf(AbortError);
  // By its own length: a busy machine makes both longer. What is left of the call is 7/8 of it.
  expect(performance.now() - abortedAt).toBeLessThan(callMs / 4);
  expect(run.step).toBe(0);
  expect(device.memory().liveBytes).toBe(live);
});
