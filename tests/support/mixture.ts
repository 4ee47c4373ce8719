/** An exact problem: the velocity and denoiser of an isotropic Gaussian mixture on any path, in float64. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SIT, type GaussianMixture, type Path } from '../../src';
import type { Network64 } from './interpret';

export interface Mixture64 extends GaussianMixture {
  weights: number[];
  means: number[][];
  deviations: number[];
}

/** Posterior mean of the clean sample and of the noise, written for the row x at path (a, s). */
function posterior(
  { weights, means, deviations }: Mixture64,
  x: Float64Array,
  a: number,
  s: number,
): [number[], number[]] {
  const logs = weights.map((w, k) => {
    const variance = a * a * (deviations[k] as number) ** 2 + s * s;
    const distance = x.reduce((sum, xi, i) => sum + (xi - a * (means[k]?.[i] as number)) ** 2, 0);
    return Math.log(w) - distance / (2 * variance) - (x.length / 2) * Math.log(variance);
  });
  const top = Math.max(...logs);
  const total = logs.reduce((sum, l) => sum + Math.exp(l - top), 0);
  const clean = new Array<number>(x.length).fill(0);
  const noise = new Array<number>(x.length).fill(0);
  logs.forEach((l, k) => {
    const gamma = Math.exp(l - top) / total;
    const variance = a * a * (deviations[k] as number) ** 2 + s * s;
    x.forEach((xi, i) => {
      const mean = means[k]?.[i] as number;
      const residual = (xi - a * mean) / variance;
      clean[i] = (clean[i] as number) + gamma * (mean + a * (deviations[k] as number) ** 2 * residual);
      noise[i] = (noise[i] as number) + gamma * s * residual;
    });
  });
  return [clean, noise];
}

function rowwise(mixture: Mixture64, path: Path, pick: (clean: number, noise: number, t: number) => number): Network64 {
  const d = mixture.means[0]?.length as number;
  return (x, t) => {
    const out = new Float64Array(x.length);
    t.forEach((time, row) => {
      const at = x.subarray(row * d, (row + 1) * d);
      const [clean, noise] = posterior(mixture, at, path.a(time), path.s(time));
      clean.forEach((c, i) => (out[row * d + i] = pick(c, noise[i] as number, time)));
    });
    return out;
  };
}

/** v = a' E[x0|x] + s' E[n|x] */
export function exactVelocity(mixture: Mixture64, path: Path = SIT.path): Network64 {
  return rowwise(mixture, path, (clean, noise, t) => path.da(t) * clean + path.ds(t) * noise);
}

/** D = E[x0|x] */
export function exactDenoiser(mixture: Mixture64, path: Path): Network64 {
  return rowwise(mixture, path, (clean) => clean);
}

interface Golden {
  problem: Record<'w' | 's' | 'wu' | 'su', number[]> & Record<'mu' | 'muu' | 'x', number[][]> & { noise: number[][][] };
  cases: { id: string; result: number[][] | number[]; sigmas?: number[] }[];
}

const golden = JSON.parse(readFileSync(join(__dirname, '../golden/contract.json'), 'utf8')) as Golden;

/** The mixture of the reference numbers, and the other that guides it. */
export const conditional: Mixture64 = {
  weights: golden.problem.w,
  means: golden.problem.mu,
  deviations: golden.problem.s,
};
export const guide: Mixture64 = {
  weights: golden.problem.wu,
  means: golden.problem.muu,
  deviations: golden.problem.su,
};

/** Unit normals of the reference runs, by step, row and element. */
export const goldenNoise = golden.problem.noise;

/** Eight unit normal rows of four. */
export const unitStart = Float32Array.from(golden.problem.x.flat());
/** The same with its shape, as a run takes it. */
export const unitBatch = { data: unitStart, shape: [8, 4] };
export const unitStart64 = Float64Array.from(golden.problem.x.flat());

export function goldenCase(id: string): { result: number[]; sigmas: number[] } {
  const found = golden.cases.find((c) => c.id === id);
  if (found === undefined) throw new Error(`no reference case ${id}`);
  return { result: (found.result as (number | number[])[]).flat(), sigmas: found.sigmas ?? [] };
}

/** Fourth-order Runge-Kutta in float64, fine enough to count as exact beside the solvers measured here. */
export function solve(
  velocity: Network64,
  x: Float64Array,
  rows: number,
  from: number,
  to: number,
  steps: number,
): Float64Array {
  let state = x.slice();
  const h = (to - from) / steps;
  const at = (y: Float64Array, t: number): Float64Array => velocity(y, new Float64Array(rows).fill(t));
  const plus = (y: Float64Array, k: Float64Array, c: number): Float64Array => y.map((v, i) => v + c * (k[i] as number));
  for (let i = 0; i < steps; i++) {
    const t = from + i * h;
    const k1 = at(state, t);
    const k2 = at(plus(state, k1, h / 2), t + h / 2);
    const k3 = at(plus(state, k2, h / 2), t + h / 2);
    const k4 = at(plus(state, k3, h), t + h);
    state = state.map(
      (v, j) => v + (h / 6) * ((k1[j] as number) + 2 * (k2[j] as number) + 2 * (k3[j] as number) + (k4[j] as number)),
    );
  }
  return state;
}

/** Root mean square of the difference. */
export function rms(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum / Math.max(1, a.length));
}

export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)));
  return most;
}
