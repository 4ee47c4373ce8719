/** Whole jobs: digits and latents by each sampler, many calls at once, and memory against what the plan says. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  Device,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  MeanFlowInterface,
  OnnxNet,
  SiTInterface,
  type Samplers,
} from '../../src/index';
import { ROOT } from '../engine';
import { flowMapJob, velocityAsFlowMap } from '../flow-map-job';
import { draw, mixtureJob, type Job } from '../mixture-job';
import { threadsRunning } from '../resident';
import { atLeast, atMost, type Figure, type Section, type Settings, type Target } from '../section';
import { interleave, spreadOf } from '../spread';

const DIGIT = [1, 28, 28];

/** One sampler on one job. */
interface Candidate {
  name: string;
  sampler: Samplers;
  job: Job;
}

function ordinary(job: Job, numSamplingSteps: number): Candidate[] {
  return [
    { name: 'Euler', sampler: new EulerSampler({ numSamplingSteps }), job },
    { name: 'Heun', sampler: new HeunSampler({ numSamplingSteps }), job },
    {
      name: 'Euler-Maruyama',
      sampler: new EulerMaruyamaSampler({ numSamplingSteps, samplingTimeKwargs: { tStart: 0.99 } }),
      job,
    },
  ];
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1e3;
}

/** Every candidate, in turns. */
async function eachSampler(name: string, list: readonly Candidate[], rounds: number): Promise<Figure[]> {
  const sources = Object.fromEntries(
    list.map(({ name: each, sampler, job }) => [each, () => secondsOf(() => draw(sampler, job, 1))]),
  );
  const samples = await interleave(rounds, sources);
  return list.map(({ name: each, sampler: { numSamplingSteps: steps }, job }) => {
    const seconds = samples[each] as number[];
    return {
      name: `${name}, ${each}, ${steps} ${steps === 1 ? 'step' : 'steps'}`,
      values: {
        seconds: spreadOf(seconds),
        'samples/s': spreadOf(seconds.map((s) => (job.shape[0] as number) / s)),
        'ms/step': spreadOf(seconds.map((s) => (s * 1e3) / steps)),
      },
    };
  });
}

/** Calls per second with so many of them under way. */
async function throughput(job: Job, steps: number, calls: number, atOnce: number): Promise<number> {
  const sampler = new EulerSampler({ numSamplingSteps: steps });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) await draw(sampler, job, next++);
  };
  return calls / (await secondsOf(() => Promise.all(Array.from({ length: atOnce }, worker))));
}

async function concurrency(job: Job, settings: Settings, cores: number) {
  const figures: Figure[] = [];
  const calls = 64;
  const levels = settings.quick ? [4, 64] : [1, 2, 4, 16, 64];
  const rates = new Map<number, number>();
  const busy = new Map<number, number>();
  const sources = Object.fromEntries(levels.map((n) => [`${n}`, () => throughput(job, 2, calls, n)]));
  const samples = await interleave(settings.quick ? 3 : 5, sources);
  for (const atOnce of levels) {
    const rate = spreadOf(samples[`${atOnce}`] as number[]);
    rates.set(atOnce, rate.median);
    const threads = await threadsRunning(() => throughput(job, 2, calls, atOnce));
    if (threads !== undefined) busy.set(atOnce, threads);
    figures.push({
      name: `a digit by Euler, 2 steps, ${atOnce} calls at once`,
      values: { 'calls/s': rate, ...(threads === undefined ? {} : { 'threads running': threads }) },
    });
  }
  const targets: Target[] = [
    atLeast('throughput at 64 calls / at 4', (rates.get(64) as number) / (rates.get(4) as number), 1, 'times'),
  ];
  const most = Math.max(...busy.values());
  // Node's own helpers run now and then.
  if (busy.size > 0) targets.push(atMost('threads running at once, most', most, cores + 0.25, 'threads'));
  return { figures, targets };
}

/** Peak of one run, as the device counts it, against the plan's own workspace. */
async function countedMemory(name: string, job: Job, device: Device): Promise<{ figure: Figure; target: Target }> {
  const sampler = new HeunSampler({ numSamplingSteps: 8 });
  const { workspaceBytes } = await sampler.plan(job.net, job.shape, job.options);
  const before = device.memory().liveBytes;
  await draw(sampler, job, 1);
  const over = ((device.memory().peakBytes - before) / workspaceBytes - 1) * 100;
  return {
    figure: {
      name: `memory, ${name}, guided Heun`,
      values: { 'plan, MB': workspaceBytes / 1e6, 'counted peak, % over': over },
    },
    target: atMost(`${name}, counted peak over the plan's`, over, 5, '%'),
  };
}

/** The same as the system counts it, in a process of its own; undefined where the system does not tell. */
function residentMemory(shape: readonly number[]): { figure: Figure; target: Target } | undefined {
  const args = ['-r', 'ts-node/register/transpile-only', join(ROOT, 'bench', 'peak.ts'), shape.join()];
  const answer = JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })) as {
    workspaceBytes: number;
    resident?: number;
  };
  if (answer.resident === undefined) return undefined;
  const over = (answer.resident / answer.workspaceBytes - 1) * 100;
  const name = `latents ${shape.join(' × ')}`;
  return {
    figure: {
      name: `memory of the process, ${name}, guided Heun`,
      values: { 'plan, MB': answer.workspaceBytes / 1e6, 'resident peak, % over': over },
    },
    target: atMost(`${name}, resident peak over the plan's`, over, 5, '%'),
  };
}

export const jobs: Section = async (settings) => {
  const figures: Figure[] = [];
  const targets: Target[] = [];

  const device = await Device.open('cpu', { threads: settings.threads });
  const file = join(ROOT, 'models', 'digits-sit.onnx');
  const [digits, jumping] = [await OnnxNet.load(file, { device }), await velocityAsFlowMap(file, device)];
  const digitJob = (count: number): Job => ({
    net: new SiTInterface(digits),
    shape: [count, ...DIGIT],
    options: { device, netKwargs: { y: 3 }, gNetKwargs: { y: 10 }, guidanceScale: 2 },
  });
  const all = digitJob(settings.quick ? 64 : 256);
  const jumps = {
    name: 'EulerJump on the velocity',
    sampler: new EulerJumpSampler({ numSamplingSteps: 2 }),
    job: { ...all, net: new MeanFlowInterface(jumping) },
  };
  figures.push(...(await eachSampler(`${all.shape[0]} digits`, [...ordinary(all, 2), jumps], 2)));
  jumping.dispose();
  const many = await concurrency(digitJob(1), settings, settings.threads);
  figures.push(...many.figures);
  targets.push(...many.targets);
  digits.dispose();
  device.dispose();

  for (const shape of [
    [64, 4, 32, 32],
    [16, 16, 64, 64],
    [256, 4, 64, 64],
  ]) {
    const name = `latents ${shape.join(' × ')}`;
    // A device of its own, as its peak is counted from when it was opened.
    const own = await Device.open('cpu', { threads: settings.threads });
    const job = mixtureJob(shape, own);
    // Before anything larger has raised the peak.
    const { figure, target } = await countedMemory(name, job, own);
    if ((shape[0] as number) < 256) {
      const flow = await flowMapJob(shape, own);
      // What a flow map is made for: one jump.
      const jump = {
        name: 'EulerJump on a flow map',
        sampler: new EulerJumpSampler({ numSamplingSteps: 1 }),
        job: flow,
      };
      figures.push(...(await eachSampler(name, [...ordinary(job, 8), jump], settings.rounds)));
      flow.network.dispose();
    }
    figures.push(figure);
    targets.push(target);
    own.dispose();
  }
  const resident = residentMemory([256, 4, 64, 64]);
  if (resident !== undefined) {
    figures.push(resident.figure);
    targets.push(resident.target);
  }
  return { title: 'Whole jobs', figures, targets, missing: [] };
};
