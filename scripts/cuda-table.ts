/** Counts what a step does on the simulated CUDA device, and writes the tables of docs/cuda.md. */
import { join } from 'node:path';
import {
  Device,
  EDMInterface,
  GaussianMixtureNet,
  MeanFlowInterface,
  Rng,
  SiTInterface,
  type ModelInterface,
  type Network,
  type SampleOptions,
} from '../src';
import { loadCudaSim, simFile, type KernelCounts } from '../tests/support/cuda-sim';
import {
  accessesOf,
  CASES,
  EAGER_BLOCKS,
  eagerBlocks,
  eagerCost,
  leastPasses,
  type EagerBlock,
  type StepCase,
} from './cuda-steps';
import { markdownTable, writeTables } from './samplers-doc';

export const PAGE = join(__dirname, '..', 'docs', 'cuda.md');

/** One step. Bytes are of the passes, per element. */
interface StepCounts {
  combines: number;
  network: number;
  /** Kernels that the host launches one by one. */
  launches: number;
  events: number;
  synchronisations: number;
  allocations: number;
  copies: number;
  graphLaunches: number;
  bytes: number;
}

const ROWS = 2;
const ELEMENTS = 64;
const STEPS = 6;
const BYTES = 4;

/** What each call of the runtime is; those that only ask or choose are none of these. */
const CALLS: Record<keyof Omit<StepCounts, 'combines' | 'network' | 'bytes'>, RegExp> = {
  events: /^cudaEventRecord/,
  synchronisations: /Synchronize$|^cudaMemcpy$/,
  allocations: /^cuda(Malloc|Free|HostAlloc|MemPool|(Event|Stream)(Create|Destroy))/,
  copies: /^cudaMem(cpy|set)Async$/,
  launches: /^cudaLaunchKernelEx/,
  graphLaunches: /^cudaGraphLaunch$/,
};
const NO_WORK = /^(cudaEventQuery|cudaGetDevice|cudaSetDevice|cudaGetLastError|cudaPeekAtLastError|kernel)$/;

/** How often each thing happened, by name; `wide:` are bytes of whole tiles, moved by passes. */
type Tally = Map<string, number>;

const isPass = (kernel: string): boolean => kernel.startsWith('combine_kernel');
const wideBytes = ({ read, written }: KernelCounts): number => (read['16'] ?? 0) + (written['16'] ?? 0);

function tally(): Tally {
  const { byName, kernels } = loadCudaSim().counts();
  const all: Tally = new Map(Object.entries(byName));
  for (const [name, kernel] of Object.entries(kernels)) {
    const key = isPass(name) ? 'launch: pass' : 'launch: network';
    all.set(key, (all.get(key) ?? 0) + kernel.launches);
    if (isPass(name)) all.set('wide: pass', (all.get('wide: pass') ?? 0) + wideBytes(kernel));
  }
  return all;
}

const minus = (a: Tally, b: Tally): Tally =>
  new Map([...new Set([...a.keys(), ...b.keys()])].map((key) => [key, (a.get(key) ?? 0) - (b.get(key) ?? 0)]));

type Make = (device: Device, elements: number, guide: boolean) => ModelInterface;

function exactNet(clock: 'SiT' | 'EDM'): Make {
  return (device, elements, guide) => {
    const means = [0.5, -0.5].map((mean) => new Float32Array(elements).fill(guide ? mean / 2 : mean));
    const kind = clock === 'SiT' ? 'sit' : 'edm';
    const net = GaussianMixtureNet.create(
      { weights: [1, 1], means, deviations: [0.3, 0.4] },
      { device, interface: kind },
    );
    return clock === 'SiT' ? new SiTInterface(net) : new EDMInterface(net);
  };
}

const inJavaScript: Network = ({ x, out }) => void out.set(x);

/** What a whole run does. */
async function countRun(step: StepCase, make: Make, steps: number, elements: number, graph: boolean): Promise<Tally> {
  const device = await Device.open('cuda');
  const options: SampleOptions = step.guided
    ? { device, graph, gNet: make(device, elements, true), guidanceScale: 2 }
    : { device, graph };
  const net = make(device, elements, false);
  const sim = loadCudaSim();
  sim.resetCounts();
  const result = await step.make(steps).sample(new Rng(1), net, [ROWS, elements], options);
  const counts = tally();
  result.dispose();
  device.dispose();
  return counts;
}

/** What one step more adds. */
async function countStep(step: StepCase, make: Make, elements: number, graph = false): Promise<Tally> {
  const once = await countRun(step, make, STEPS, elements, graph);
  const twice = await countRun(step, make, 2 * STEPS, elements, graph);
  return new Map([...minus(twice, once)].map(([name, count]) => [name, count / STEPS]));
}

function stepCounts(small: Tally, large: Tally): StepCounts {
  const counts = {
    combines: 0,
    network: 0,
    launches: 0,
    events: 0,
    synchronisations: 0,
    allocations: 0,
    copies: 0,
    graphLaunches: 0,
    bytes: 0,
  };
  for (const [name, count] of small) {
    const kind = (Object.keys(CALLS) as (keyof typeof CALLS)[]).find((key) => CALLS[key].test(name));
    if (kind !== undefined) counts[kind] += count;
    else if (name === 'launch: pass') counts.combines += count;
    else if (name === 'launch: network') counts.network += count;
    else if (!name.startsWith('wide: ') && count !== 0 && !NO_WORK.test(name)) {
      throw new Error(`A step calls ${name}, of which this table does not know what it is.`);
    }
  }
  counts.bytes = ((large.get('wide: pass') ?? 0) - (small.get('wide: pass') ?? 0)) / (ROWS * ELEMENTS);
  return counts;
}

/** A step with and without graphs; without alone where it cannot be recorded. */
interface Counted {
  step: StepCase;
  plain: StepCounts;
  replayed: StepCounts | undefined;
}

/**
 * A flow map has no exact network, so the jump runs on one in JavaScript, and what such a network costs is taken off: the
 * difference that it makes to Euler's method. Steps with such networks are not recorded.
 */
async function countCase(step: StepCase): Promise<Counted> {
  const { clock } = step;
  const both = async (count: (elements: number) => Promise<Tally>): Promise<StepCounts> =>
    stepCounts(await count(ELEMENTS), await count(2 * ELEMENTS));
  if (clock === 'MeanFlow') {
    return { step, plain: await both((elements) => countJump(step, elements)), replayed: undefined };
  }
  const make = exactNet(clock);
  return {
    step,
    plain: await both((elements) => countStep(step, make, elements)),
    replayed: await both((elements) => countStep(step, make, elements, true)),
  };
}

async function countJump(step: StepCase, elements: number): Promise<Tally> {
  const euler = CASES.find((c) => c.sampler === 'Euler' && c.clock === 'SiT' && c.guided === step.guided) as StepCase;
  const withJavaScript = await countStep(euler, () => new SiTInterface(inJavaScript), elements);
  const exact = await countStep(euler, exactNet('SiT'), elements);
  exact.set('launch: network', 0);
  const jump = await countStep(step, () => new MeanFlowInterface(inJavaScript), elements);
  return minus(jump, minus(withJavaScript, exact));
}

/** What the prediction rests on; docs/cuda.md says where each figure comes from. Seconds, and bytes per second. */
export const MODEL = { bandwidth: 3.0e12, onDevice: 3e-6, ourLaunch: 3.2e-6, ourEvent: 2.5e-6, eagerLaunch: 7e-6 };

const LATENTS = [
  [64, 4, 32, 32],
  [64, 4, 64, 64],
  [16, 16, 128, 128],
];

/** The longer of what the host and what the device needs, in microseconds. */
const predicted = (host: number, launches: number, bytes: number): number =>
  1e6 * Math.max(host, launches * MODEL.onDevice + bytes / MODEL.bandwidth);

const names = ({ sampler, clock, guided }: StepCase): string[] => [sampler, clock, guided ? 'yes' : 'no'];
const NAMES = ['sampler', 'interface', 'guided'];

function predictions(counted: readonly Counted[]): string {
  const rows = counted.map(({ step, plain: { combines, events, bytes } }) => {
    const { launches, accesses } = eagerCost(eagerBlocks(step));
    const cells = LATENTS.flatMap((latent) => {
      const elements = latent.reduce((n, d) => n * d, 1);
      const ours = predicted(combines * MODEL.ourLaunch + events * MODEL.ourEvent, combines, bytes * elements);
      const eager = predicted(launches * MODEL.eagerLaunch, launches, BYTES * accesses * elements);
      return [ours.toFixed(1), eager.toFixed(1)];
    });
    return [...names(step), ...cells];
  });
  const head = [...NAMES, ...LATENTS.flatMap((latent) => [`${latent.join(' × ')}: ours`, 'eager'])];
  return markdownTable(head, ['left', 'left', 'left', ...head.slice(3).map(() => 'right' as const)], rows);
}

function counts(counted: readonly Counted[]): string {
  const rows = counted.map(({ step, plain: c }) => {
    const { launches, accesses } = eagerCost(eagerBlocks(step));
    const ours = [c.combines, c.events, c.synchronisations, c.allocations, c.copies, c.bytes];
    const eager = [launches, BYTES * accesses];
    const network = step.clock === 'MeanFlow' ? '-' : String(c.network);
    return [...names(step), ...[...ours, BYTES * accessesOf(leastPasses(step)), ...eager].map(String), network];
  });
  const ours = ['launches', 'events', 'synchronisations', 'allocations', 'copies', 'bytes'];
  const head = [...NAMES, ...ours, 'least bytes', 'eager: launches', 'eager: bytes', "network's launches"];
  return markdownTable(head, ['left', 'left', 'left', ...head.slice(3).map(() => 'right' as const)], rows);
}

/** With graphs: what the host launches, and the kernels that come of it, the one that moves the cursor on among them. */
function replays(counted: readonly Counted[]): string {
  const rows = counted.flatMap(({ step, replayed: c }) => {
    if (c === undefined) return [];
    const kernels = c.combines + c.network;
    const cells = [
      c.graphLaunches,
      c.launches,
      kernels,
      c.events,
      c.synchronisations,
      c.allocations,
      c.copies,
      c.bytes,
    ];
    return [[...names(step), ...cells.map(String)]];
  });
  const calls = ['graph launches', 'other launches', 'kernels', 'events', 'synchronisations', 'allocations'];
  const head = [...NAMES, ...calls, 'copies', 'bytes'];
  return markdownTable(head, ['left', 'left', 'left', ...head.slice(3).map(() => 'right' as const)], rows);
}

const code = (lines: readonly string[]): string => lines.map((line) => `\`${line}\``).join('; ');

/** What is counted by hand, in the words that it is counted from. */
function byHand(): Record<string, string> {
  const least = CASES.map((step) => {
    const passes = leastPasses(step);
    return [...names(step), code(passes), String(BYTES * accessesOf(passes))];
  });
  const eager = (Object.keys(EAGER_BLOCKS) as EagerBlock[]).map((block) => {
    const { launches, accesses } = eagerCost([block]);
    return [block, code(EAGER_BLOCKS[block]), String(launches), String(BYTES * accesses)];
  });
  const sums = CASES.map((step) => {
    const { launches, accesses } = eagerCost(eagerBlocks(step));
    return [...names(step), eagerBlocks(step).join(', '), String(launches), String(BYTES * accesses)];
  });
  const costs = ['launches', 'bytes'];
  return {
    'least-passes': markdownTable([...NAMES, 'passes', 'bytes'], ['left', 'left', 'left', 'left', 'right'], least),
    'eager-blocks': markdownTable(['block', 'operations', ...costs], ['left', 'left', 'right', 'right'], eager),
    'eager-steps': markdownTable(
      [...NAMES, 'blocks', ...costs],
      ['left', 'left', 'left', 'left', 'right', 'right'],
      sums,
    ),
  };
}

/** Needs the addon of the simulated device. */
export async function countedTables(): Promise<Record<string, string>> {
  const counted: Counted[] = [];
  for (const step of CASES) counted.push(await countCase(step));
  return { 'per-step': counts(counted), replayed: replays(counted), ...byHand(), prediction: predictions(counted) };
}

if (require.main === module) {
  process.env['DIFFUSION_SAMPLERS_ADDON'] = simFile('diffusion_samplers.node');
  void countedTables().then((tables) => writeTables(tables, PAGE));
}
