/** What is measured of samplers, in float64 from their plans: orders, and the moments of what they draw. */
import type { ModelInterface } from '../../src';
import {
  EDMInterface,
  edmRecord,
  SIT,
  SiTInterface,
  type InterfaceRecord,
  type Samplers,
  type SamplersConfig,
} from '../../src';
import { interpret, type Network64 } from './interpret';
import { conditional, exactDenoiser, exactVelocity, rms, unitStart64, type Mixture64 } from './mixture';

export type Make = (config: SamplersConfig) => Samplers;
export type Kind = 'sit' | 'edm';

const never = (): never => {
  throw new Error('a plan calls no network');
};

/** A net to plan with. */
export function planNet(kind: Kind): ModelInterface {
  return kind === 'sit' ? new SiTInterface(never) : new EDMInterface(never);
}

/** The exact network of a mixture behind an interface: v of SiT, or F of EDM. */
export function exactNetwork(mixture: Mixture64, kind: Kind): Network64 {
  if (kind === 'sit') return exactVelocity(mixture);
  const record = edmRecord();
  const { cIn, cSkip, cOut } = record.preconditioning as NonNullable<InterfaceRecord['preconditioning']>;
  const denoiser = exactDenoiser(mixture, record.path);
  const width = mixture.means[0]?.length as number;
  return (u, times) => {
    const sigmas = times.map((c) => Math.exp(4 * c));
    const sigma = (i: number): number => sigmas[Math.floor(i / width)] as number;
    const x = u.map((value, i) => value / cIn(sigma(i)));
    return denoiser(x, sigmas).map((d, i) => (d - cSkip(sigma(i)) * (x[i] as number)) / cOut(sigma(i)));
  };
}

/** N intervals away from both singular ends of the clock: even ones on SiT, Karras' on EDM. */
export function regularGrid(kind: Kind, steps: number): number[] {
  return Array.from({ length: steps + 1 }, (_, i) =>
    kind === 'sit' ? 1 - (0.95 * i) / steps : (5 ** (1 / 7) + (i / steps) * (0.05 ** (1 / 7) - 5 ** (1 / 7))) ** 7,
  );
}

/** Fourth-order Runge-Kutta over a fine grid of the same kind: exact beside the solvers measured here. */
function exactEnd(kind: Kind): Float64Array {
  const record = kind === 'sit' ? SIT : edmRecord();
  const velocity = exactVelocity(conditional, record.path);
  const grid = regularGrid(kind, 4000);
  let x: Float64Array = unitStart64.map((v) => v * record.path.s(grid[0] as number));
  const at = (y: Float64Array, t: number): Float64Array => velocity(y, new Float64Array(8).fill(t));
  const plus = (y: Float64Array, k: Float64Array, c: number): Float64Array => y.map((v, i) => v + c * (k[i] as number));
  for (let i = 0; i < grid.length - 1; i++) {
    const [t, h] = [grid[i] as number, (grid[i + 1] as number) - (grid[i] as number)];
    const k1 = at(x, t);
    const k2 = at(plus(x, k1, h / 2), t + h / 2);
    const k3 = at(plus(x, k2, h / 2), t + h / 2);
    const k4 = at(plus(x, k3, h), t + h);
    x = plus(plus(plus(plus(x, k1, h / 6), k2, h / 3), k3, h / 3), k4, h / 6);
  }
  return x;
}

const ends = new Map<Kind, Float64Array>();

/** Errors at N = 80, 160, 320 and the order from the last two, on the exact mixture. */
export async function measureOrder(make: Make, kind: Kind): Promise<{ errors: number[]; order: number }> {
  const exact = ends.get(kind) ?? exactEnd(kind);
  ends.set(kind, exact);
  const errors: number[] = [];
  for (const steps of [80, 160, 320]) {
    const start = { data: new Float32Array(32), shape: [8, 4] };
    const plan = await make({ timeGrid: regularGrid(kind, steps) }).plan(planNet(kind), start, { init: 'noise' });
    errors.push(rms(interpret(plan, { networks: [exactNetwork(conditional, kind)], state: unitStart64 }), exact));
  }
  return { errors, order: Math.log2((errors[1] as number) / (errors[2] as number)) };
}

/** A small generator for test paths; not the package's own. */
export function testNormals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Strong errors at 64, 128, 256 steps against 4096 on the same Brownian path, with noise in every step, over an even
 * grid; and the order from the last two.
 */
export async function measureStrongOrder(make: Make, kind: Kind): Promise<{ errors: number[]; order: number }> {
  const fine = 4096;
  const [from, to] = kind === 'sit' ? [0.95, 0.05] : [2, 0.1];
  const draw = testNormals(2024);
  const path = Array.from({ length: 32 }, () => Float64Array.from({ length: fine }, draw));
  const run = async (steps: number): Promise<Float64Array> => {
    const timeGrid = Array.from({ length: steps + 1 }, (_, i) => from + ((to - from) * i) / steps);
    const plan = await make({ timeGrid }).plan(planNet(kind), { data: new Float32Array(32), shape: [8, 4] });
    const each = fine / steps;
    const normal = (row: number, index: number, element: number): number => {
      const step = (index - 1) / 256; // the first draw of a step, see docs/noise-v1.md
      const increments = (path[row * 4 + element] as Float64Array).subarray(step * each, (step + 1) * each);
      return increments.reduce((sum, z) => sum + z, 0) / Math.sqrt(each);
    };
    return interpret(plan, { networks: [exactNetwork(conditional, kind)], state: unitStart64, normal });
  };
  const exact = await run(fine);
  const errors: number[] = [];
  for (const steps of [64, 128, 256]) errors.push(rms(await run(steps), exact));
  return { errors, order: Math.log2((errors[1] as number) / (errors[2] as number)) };
}

/** Data N(mean, deviation²) in one dimension. */
export const GAUSSIAN: Mixture64 = { weights: [1], means: [[0.7]], deviations: [0.5] };

/** The exact network of GAUSSIAN: the same as `exactNetwork` in closed form, for the many rows of `exactMoments`. */
function gaussianNetwork(kind: Kind): Network64 {
  const [mean, deviation] = [0.7, 0.5];
  if (kind === 'sit') {
    return (x, times) =>
      x.map((value, row) => {
        const t = times[row] as number;
        const residual = (value - (1 - t) * mean) / ((1 - t) ** 2 * deviation ** 2 + t * t);
        return t * residual - (mean + (1 - t) * deviation ** 2 * residual);
      });
  }
  const { cIn, cSkip, cOut } = edmRecord().preconditioning as NonNullable<InterfaceRecord['preconditioning']>;
  return (u, times) =>
    u.map((value, row) => {
      const sigma = Math.exp(4 * (times[row] as number));
      const x = value / cIn(sigma);
      const denoised = mean + (deviation ** 2 / (deviation ** 2 + sigma * sigma)) * (x - mean);
      return (denoised - cSkip(sigma) * x) / cOut(sigma);
    });
}

/**
 * Mean and variance of what a sampler draws for Gaussian data, exactly: every step is affine in the state and its
 * noise, so the mean is the run without noise, and the variance the sum of the squared responses to each draw.
 */
export async function exactMoments(sampler: Samplers, kind: Kind): Promise<{ mean: number; variance: number }> {
  const one = await sampler.plan(planNet(kind), [1, 1]);
  const draws = one.data.entries.flatMap((entry) =>
    (one.data.programs[entry.program]?.drawWords ?? []).map((word) => entry.numbers[word] as number),
  );
  const plan = await sampler.plan(planNet(kind), [draws.length + 1, 1]);
  const ends64 = interpret(plan, {
    networks: [gaussianNetwork(kind)],
    normal: (row, index) => (row > 0 && draws[row - 1] === index ? 1 : 0),
  });
  const mean = ends64[0] as number;
  return { mean, variance: ends64.slice(1).reduce((sum, end) => sum + (end - mean) ** 2, 0) };
}
