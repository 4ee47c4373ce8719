/** Time as work grows, in size, steps, rows and history: a straight line, and how far from it the worst point lies. */
import { Device, GaussianMixtureNet, HeunSampler, Rng, SiTInterface } from '../../src/index';
import { programFile, withEngine } from '../engine';
import { fit } from '../fit';
import type { LineServer } from '../line-server';
import { atMost, type Figure, type Section, type Target } from '../section';
import { interleave, spreadOf } from '../spread';

interface Axis {
  name: string;
  unit: string;
  points: number[];
  line: (point: number) => string;
}

const AXES: Axis[] = [
  {
    name: 'size',
    unit: 'elements of a row',
    points: [4096, 8192, 16384, 24576, 32768, 49152],
    line: (n) => `replay program=${programFile('heun-guided')} rows=4 elements=${n}`,
  },
  {
    name: 'rows',
    unit: 'rows',
    points: [4, 8, 16, 24, 32, 48],
    line: (n) => `replay program=${programFile('heun-guided')} rows=${n} elements=4096`,
  },
  {
    name: 'rows of their own',
    unit: 'rows, each with its own numbers',
    points: [4, 8, 16, 24, 32, 48],
    line: (n) => `replay program=${programFile('heun-guided')} rows=${n} classes=${n} elements=4096`,
  },
  {
    name: 'history',
    unit: 'inputs of a pass',
    points: [3, 4, 6, 8, 10, 12, 14, 16],
    line: (n) => `combine inputs=${n} elements=65536`,
  },
];

async function measure(engine: LineServer, axis: Axis, rounds: number): Promise<number[]> {
  const sources = Object.fromEntries(
    axis.points.map((point) => [String(point), async () => (await engine.ask(axis.line(point))).seconds * 1e6]),
  );
  const samples = await interleave(rounds, sources);
  engine.tell('forget');
  return axis.points.map((point) => spreadOf(samples[String(point)] as number[]).median);
}

/** Whole runs of different lengths: seconds of a process-wide loop, its plan and its memory included. */
async function measureSteps(rounds: number, quick: boolean): Promise<{ points: number[]; taken: number[] }> {
  const points = [8, 16, 32, 64, 128, ...(quick ? [] : [256])];
  const device = await Device.open('cpu', { threads: 1 });
  const mixture = { weights: [1], means: [Array<number>(4096).fill(0)], deviations: [1] };
  const net = new SiTInterface(GaussianMixtureNet.create(mixture, { device }));
  const run = async (numSamplingSteps: number): Promise<number> => {
    const sampler = new HeunSampler({ numSamplingSteps });
    const begin = performance.now();
    (await sampler.sample(new Rng(1), net, [16, 4096], { gNet: net, guidanceScale: 2, device })).dispose();
    return (performance.now() - begin) * 1e3;
  };
  await run(256);
  const sources = Object.fromEntries(points.map((point) => [String(point), () => run(point)]));
  const samples = await interleave(rounds, sources);
  device.dispose();
  return { points, taken: points.map((point) => spreadOf(samples[String(point)] as number[]).median) };
}

export const growth: Section = async (settings) => {
  const figures: Figure[] = [];
  const targets: Target[] = [];
  const add = (name: string, unit: string, points: readonly number[], taken: readonly number[]): void => {
    const line = fit(points, taken);
    figures.push({
      name,
      values: {
        from: points[0] as number,
        to: points.at(-1) as number,
        of: unit,
        'µs at none': line.intercept,
        'ns for one more': line.slope * 1e3,
        'worst residual, %': line.residual * 100,
      },
      series: { unit, x: [...points], y: [...taken], ...line },
    });
    targets.push(atMost(`linear in ${name}: worst residual`, line.residual * 100, 10, '%'));
  };
  await withEngine(1, settings.quick ? 5 : 15, async (engine) => {
    for (const axis of AXES) add(axis.name, axis.unit, axis.points, await measure(engine, axis, settings.rounds));
  });
  const { points, taken } = await measureSteps(settings.rounds, settings.quick);
  add('steps', 'steps of a whole run', points, taken);
  return { title: 'Cost as work grows', figures, targets, missing: [] };
};
