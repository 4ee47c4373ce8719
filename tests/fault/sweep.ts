/** A process in which the addon's allocations fail, one after the other; prints what came of it as JSON. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  Device,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  MeanFlowInterface,
  OnnxModel,
  OnnxNet,
  Rng,
  SamplersError,
  SiTInterface,
  Tensor,
  type Net,
  type NetworkFunction,
  type Samplers,
} from '../../src';
import { identity, LABELLED_MIXTURE, LABELS, MidpointFlow, timesModel, timesTime } from '../support/small-networks';

interface Faults {
  watch(suffix: string): boolean;
  arm(first: number, last: number): void;
  failed(): number;
  liveBlocks(): number;
}

/** How the sweep over one body ended. */
export interface Swept {
  name: string;
  /** Faults after which all was well: a typed error or a success, no memory held, and the next run with the same bits. */
  survived: number;
  /** Faults that the body did without. */
  unnoticed: number;
  /** Blocks of the addon more than before, once garbage was collected. */
  leakedBlocks: number;
  problems: string[];
}

type Body = () => Promise<unknown>;

const [faultsFile, addonName, kind] = process.argv.slice(2) as [string, string, string];
// eslint-disable-next-line @typescript-eslint/no-require-imports -- it was loaded before Node, and is the same library
const faults = require(faultsFile) as Faults;
const HUNG_MS = 20_000;
const SHAPE = [2, 4];
const start = { data: Float32Array.from({ length: 8 }, (_, i) => i / 8), shape: SHAPE };
const collectGarbage = (globalThis as unknown as { gc: () => void }).gc;

const uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(`uncaught: ${error.message}`));

function text(value: unknown): string {
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer).toString('hex') : JSON.stringify(value);
}

async function inTime(body: Body): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), HUNG_MS);
  });
  try {
    return text(await Promise.race([body(), hung]));
  } finally {
    clearTimeout(timer);
  }
}

/** The allocations from `first` to `last` fail while `body` is under way. */
async function attempt(
  first: number,
  last: number,
  body: Body,
): Promise<{ ended: string; good: boolean; failed: number }> {
  let [ended, good] = ['', true];
  faults.arm(first, last);
  try {
    ended = await inTime(body);
  } catch (error) {
    good = false;
    const { code, name, message } = error as SamplersError;
    ended = code === 'ERR_OUT_OF_MEMORY' && error instanceof SamplersError ? code : `${name} ${code}: ${message}`;
  }
  const failed = faults.failed();
  faults.arm(0, 0);
  return { ended, good, failed };
}

/** Objects that JavaScript has dropped go, and what they hold with them. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const described = (name: string, first: number, last: number): string =>
  `${name}, allocation ${first}${last === first ? '' : ' and on'}`;

/** What a process does only once, so that it cannot be held against another time: it fails until it has its memory. */
async function sweepFirst(name: string, body: Body): Promise<Swept> {
  const swept: Swept = { name, survived: 0, unnoticed: 0, leakedBlocks: 0, problems: [] };
  for (let first = 1; ; first++) {
    const { ended, failed } = await attempt(first, Number.MAX_SAFE_INTEGER, body);
    if (failed === 0) return swept;
    if (ended === 'ERR_OUT_OF_MEMORY') swept.survived++;
    else swept.problems.push(`${described(name, first, Number.MAX_SAFE_INTEGER)}: ${ended}`);
  }
}

async function sweep(name: string, device: Device, body: Body): Promise<Swept> {
  const swept: Swept = { name, survived: 0, unnoticed: 0, leakedBlocks: 0, problems: [] };
  const { ended: expected, good } = await attempt(0, 0, body);
  if (!good) return { ...swept, problems: [`${name} without faults: ${expected}`] };
  await attempt(0, 0, body);
  await settle();
  const [blocks, bytes] = [faults.liveBlocks(), device.memory().liveBytes];
  // With all that follow it, every third is enough: it is the way out that is tried, and that is longer than three.
  for (const [span, stride] of [
    [0, 1],
    [Number.MAX_SAFE_INTEGER, 3],
  ] as const) {
    for (let first = 1; ; first += stride) {
      const { ended, failed } = await attempt(first, first + span, body);
      if (failed === 0) break;
      const problems: string[] = uncaught.splice(0);
      if (ended !== expected && ended !== 'ERR_OUT_OF_MEMORY') problems.push(ended);
      const held = device.memory().liveBytes - bytes;
      if (held !== 0) problems.push(`${held} bytes are held`);
      const next = await attempt(0, 0, body);
      if (next.ended !== expected) problems.push(`the next run ends otherwise: ${next.ended}`);
      problems.push(...uncaught.splice(0));
      swept.problems.push(...problems.map((problem) => `${described(name, first, first + span)}: ${problem}`));
      if (problems.length === 0) swept.survived++;
      if (ended === expected) swept.unnoticed++;
    }
  }
  await settle();
  swept.leakedBlocks = faults.liveBlocks() - blocks;
  return swept;
}

/** A run that starts from an array, with guidance and previews, read at the end. */
function sampling(sampler: Samplers, net: Net, device: Device, options: object): Body {
  return async () => {
    const run = sampler.sample(new Rng(3), net, start, { device, guidanceScale: 2, ...options });
    const heard = (async () => {
      for await (const { step } of run.progress({ denoised: true })) if (step < 0) break;
    })();
    using samples = await run;
    await heard;
    return samples.data();
  };
}

/** A run that cannot succeed, and how it has to fail. */
function failing(code: string, network: NetworkFunction, options: () => object): Body {
  return async () => {
    try {
      const net = new SiTInterface(network);
      using samples = await new EulerSampler({ numSamplingSteps: 2 }).sample(new Rng(1), net, start, options());
      return samples.byteLength;
    } catch (error) {
      if ((error as SamplersError).code === code) return code;
      throw error;
    }
  };
}

function aborted(device: Device): Body {
  let stop = new AbortController();
  const network = (): Promise<void> => {
    stop.abort();
    return new Promise(() => undefined);
  };
  return failing('ABORT_ERR', network, () => {
    stop = new AbortController();
    return { device, signal: stop.signal };
  });
}

/** A thread of its own has the addon to itself, from its first line on. */
async function loading(): Promise<string> {
  const program = `
    const { parentPort } = require('node:worker_threads');
    const { native } = require(${JSON.stringify(require.resolve('../../src/native'))});
    try { native(); parentPort.postMessage('loaded'); } catch ({ code }) { parentPort.postMessage(code); }`;
  const worker = new Worker(program, { eval: true });
  const [[ended]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [[string], unknown];
  if (ended !== 'loaded') throw new SamplersError(ended, 'The worker says so.');
  return ended;
}

/** A run with several results. */
function trajectory(net: Net, device: Device): Body {
  return async () => {
    const run = new EulerSampler({ numSamplingSteps: 2 }).sample(new Rng(1), net, start, { device, trajectory: true });
    using samples = await run;
    const { states } = await run.trajectory();
    states.filter((state) => state !== samples).forEach((state) => state.dispose());
    return samples.data();
  };
}

interface Nets {
  velocity: Net;
  flowMap: Net;
  /** Options that guide each of them. */
  guides: { velocity: object; flowMap: object };
  /** Bodies besides the samplers. */
  others: Record<string, Body>;
}

const KINDS: Record<string, (device: Device) => Nets | Promise<Nets>> = {
  javascript: (device) => ({
    velocity: new SiTInterface(timesTime),
    flowMap: new MeanFlowInterface(timesTime),
    guides: { velocity: { gNet: new SiTInterface(identity) }, flowMap: { gNet: new MeanFlowInterface(identity) } },
    others: {
      'loading the addon in a worker': loading,
      'opening a device': async () => {
        using opened = await Device.open('cpu', { threads: 2 });
        return Promise.resolve(opened.memory().liveBytes);
      },
      'uploading, viewing and reading a tensor': async () => {
        using tensor = Tensor.from(start.data, SHAPE, device);
        return [Array.from(tensor.view()), Array.from(await tensor.data())];
      },
      'a run that is aborted': aborted(device),
      'a network that gives NaN': failing(
        'ERR_NUMERICAL',
        ({ out }) => out.fill(Number.NaN),
        () => ({ device }),
      ),
      'a network that throws': failing(
        'ERR_MODEL',
        () => {
          throw new Error('the network threw');
        },
        () => ({ device }),
      ),
    },
  }),
  exact: (device) => {
    const net = GaussianMixtureNet.create(LABELLED_MIXTURE, { device });
    const create = async (): Promise<boolean> => {
      using made = GaussianMixtureNet.create(LABELLED_MIXTURE, { device });
      return Promise.resolve(made.device === device);
    };
    const velocity = new MidpointFlow(net);
    return {
      velocity,
      flowMap: velocity,
      guides: { velocity: LABELS, flowMap: LABELS },
      others: { 'making a mixture': create, 'a trajectory': trajectory(velocity, device) },
    };
  },
  onnx: async (device) => {
    const [plain, second] = [timesModel(false), timesModel(true)];
    const options = { device, threads: 1 };
    const load: Body = async () => {
      using loaded = await OnnxNet.load(plain, options);
      return loaded.rowShape;
    };
    // The library stays in the process once it is loaded: the faults of that come before all others.
    print(await sweepFirst('loading ONNX Runtime', load));
    const single = await OnnxModel.load(plain, options);
    const velocity = new SiTInterface(await OnnxNet.load(plain, options));
    const flowMap = new MeanFlowInterface(await OnnxNet.load(second, { ...options, r: 'r' }));
    const feeds = { x: start, t: Float32Array.of(0.5, 0.25) };
    return {
      velocity,
      flowMap,
      guides: { velocity: { gNet: new SiTInterface(identity) }, flowMap: { gNet: new MeanFlowInterface(identity) } },
      others: { 'loading a model': load, 'running a model once': async () => (await single.run(feeds))['v']?.data },
    };
  },
};

function print(swept: Swept): void {
  process.stdout.write(`${JSON.stringify(swept)}\n`);
}

async function main(): Promise<void> {
  const device = await Device.open('cpu', { threads: 2 });
  if (!faults.watch(addonName)) throw new Error('No module to watch.');
  const nets = (await KINDS[kind]?.(device)) as Nets;
  for (const [name, body] of Object.entries(nets.others)) print(await sweep(name, device, body));
  const samplers: [string, Samplers, 'velocity' | 'flowMap'][] = [
    ['euler', new EulerSampler({ numSamplingSteps: 2 }), 'velocity'],
    ['heun', new HeunSampler({ numSamplingSteps: 2 }), 'velocity'],
    ['euler-maruyama', new EulerMaruyamaSampler({ numSamplingSteps: 2, diffusionCoeff: 'linear' }), 'velocity'],
    ['euler-jump', new EulerJumpSampler({ numSamplingSteps: 2 }), 'flowMap'],
  ];
  for (const [name, sampler, net] of samplers) {
    print(await sweep(name, device, sampling(sampler, nets[net], device, nets.guides[net])));
  }
  device.dispose();
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
});
