/** Time grids: where a sampler stops on its way. Distributions are data in a registry that users extend. */
import { expected, InvalidArgumentError, refuseUnknownKeys } from './errors';
import type { InterfaceRecord } from './interfaces/interface-record';

/** Options of the uniform grid. */
export interface UniformTimeKwargs {
  /** First time (default 1; to be given on a clock that does not end at 1, such as EDM's sigma). */
  tStart: number;
  /** Last time (default 0). */
  tEnd: number;
  /** Sequence length at which no shift is wanted (default 4096). */
  tShiftBase: number;
  /** Sequence length at hand (default 4096: no shift). */
  tShiftCur: number;
}

/** Options of the exp grid, in sigma. */
export interface ExpTimeKwargs {
  /** Smallest sigma before 0 (default 0.002). */
  sigmaMin: number;
  /** First sigma (default 80). */
  sigmaMax: number;
  /** Exponent: large values put more steps near sigmaMin (default 7). */
  rho: number;
  /** 'diffuse_nnx' reproduces that package's N + 1 intervals for N asked (default 'none': N). */
  compat: 'none' | 'diffuse_nnx';
}

/**
 * Names of distributions and their options. A user's own is added by declaration merging:
 * `declare module 'diffusion-samplers' { interface SamplingTimeKwargsOf { cosine: { power: number } } }`.
 */
export interface SamplingTimeKwargsOf {
  uniform: UniformTimeKwargs;
  exp: ExpTimeKwargs;
}

export type SamplingTimeDist = keyof SamplingTimeKwargsOf;

/** The names that are built in. */
export const SamplingTimeDistType = Object.freeze({ UNIFORM: 'uniform', EXP: 'exp' } as const);

/** How a distribution makes a grid. */
export interface TimeDistribution<Kwargs> {
  /** Every option with its default; other keys are refused. */
  defaults: Kwargs;
  /** @returns The times of `steps` intervals in the clock of `record`; `given` has the options without defaults. */
  grid: (steps: number, kwargs: Kwargs, record: InterfaceRecord, given: Partial<Kwargs>) => Float64Array;
}

const distributions = new Map<string, TimeDistribution<object>>();

/** Defaults by distribution, those of registered ones included. Frozen values. */
export const DEFAULT_SAMPLING_TIME_KWARGS = {} as { readonly [Name in SamplingTimeDist]: SamplingTimeKwargsOf[Name] };

/**
 * Adds a distribution under a new name.
 * @throws InvalidArgumentError where the name is taken.
 */
export function registerSamplingTimeDist<Name extends SamplingTimeDist>(
  name: Name,
  distribution: TimeDistribution<SamplingTimeKwargsOf[Name]>,
): void {
  if (typeof name !== 'string' || !/^[a-z]\w*$/i.test(name))
    throw expected('a name of letters, digits and _', 'name', name);
  if (distributions.has(name)) throw expected('a name that is not taken', 'name', name);
  if (typeof distribution?.grid !== 'function') throw expected('a function', 'distribution.grid', distribution?.grid);
  const defaults = Object.freeze({ ...distribution.defaults });
  distributions.set(name, { ...distribution, defaults } as unknown as TimeDistribution<object>);
  Object.assign(DEFAULT_SAMPLING_TIME_KWARGS, { [name]: defaults });
}

/** Names that `samplingTimeDist` accepts now. */
export function samplingTimeDists(): string[] {
  return [...distributions.keys()];
}

/** Refuses unknown names and keys; nothing is computed yet. */
export function checkTimeKwargs(dist: unknown, kwargs: unknown): void {
  const distribution = distributions.get(dist as string);
  if (distribution === undefined) {
    throw expected(`one of ${samplingTimeDists().join(', ')}`, 'samplingTimeDist', dist);
  }
  if (typeof kwargs !== 'object' || kwargs === null) throw expected('an object', 'samplingTimeKwargs', kwargs);
  refuseUnknownKeys(kwargs, Object.keys(distribution.defaults), 'samplingTimeKwargs');
}

/** The grid of a distribution: N + 1 times for N steps. */
export function timeGrid(dist: string, steps: number, given: object, record: InterfaceRecord): Float64Array {
  checkTimeKwargs(dist, given);
  const distribution = distributions.get(dist) as TimeDistribution<object>;
  const asked = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Float64Array.from(distribution.grid(steps, { ...distribution.defaults, ...asked }, record, asked));
}

function number(value: unknown, option: string, positive: boolean): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || (positive && value <= 0)) {
    throw expected(positive ? 'a number above 0' : 'a finite number', `samplingTimeKwargs.${option}`, value);
  }
  return value;
}

/**
 * `t = linspace(tStart, tEnd, N + 1)`, then `t <- s t / (1 + (s - 1) t)` with `s = sqrt(tShiftCur / tShiftBase)`.
 * Source: Esser et al., "Scaling Rectified Flow Transformers", 2024, eq. 23; as in diffuse_nnx.
 */
registerSamplingTimeDist('uniform', {
  defaults: { tStart: 1, tEnd: 0, tShiftBase: 4096, tShiftCur: 4096 },
  grid(steps, kwargs, record, given) {
    if (given.tStart === undefined && record.range.max !== 1) {
      throw expected(
        `a first time on the clock of ${record.name}`,
        'samplingTimeKwargs.tStart',
        undefined,
        "Give one, such as 80, or take samplingTimeDist 'exp'.",
      );
    }
    const start = number(kwargs.tStart, 'tStart', false);
    const end = number(kwargs.tEnd, 'tEnd', false);
    for (const key of ['tShiftBase', 'tShiftCur'] as const) {
      if (record.range.max !== 1 && given[key] !== undefined) {
        throw expected(`to be absent on the clock of ${record.name}`, `samplingTimeKwargs.${key}`, given[key]);
      }
    }
    const s = Math.sqrt(number(kwargs.tShiftCur, 'tShiftCur', true) / number(kwargs.tShiftBase, 'tShiftBase', true));
    return Float64Array.from({ length: steps + 1 }, (_, i) => {
      const t = i === steps ? end : start + (end - start) * (i / steps);
      return (s * t) / (1 + (s - 1) * t);
    });
  },
});

/**
 * `sigma_i = (sigmaMax^(1/rho) + i/(N-1) (sigmaMin^(1/rho) - sigmaMax^(1/rho)))^rho` for i < N, then 0; [sigmaMax, 0]
 * for N = 1. Source: Karras et al., 2022, eq. 5.
 */
registerSamplingTimeDist('exp', {
  defaults: { sigmaMin: 0.002, sigmaMax: 80, rho: 7, compat: 'none' },
  grid(steps, kwargs) {
    const high = number(kwargs.sigmaMax, 'sigmaMax', true);
    const low = number(kwargs.sigmaMin, 'sigmaMin', true);
    const rho = number(kwargs.rho, 'rho', true);
    if (low >= high) throw expected(`less than sigmaMax (${high})`, 'samplingTimeKwargs.sigmaMin', low);
    if (kwargs.compat !== 'none' && kwargs.compat !== 'diffuse_nnx') {
      throw expected("'none' or 'diffuse_nnx'", 'samplingTimeKwargs.compat', kwargs.compat);
    }
    const nodes = kwargs.compat === 'diffuse_nnx' ? steps + 1 : steps;
    const [from, to] = [high ** (1 / rho), low ** (1 / rho)];
    const sigmas = Array.from({ length: nodes }, (_, i) =>
      i === 0 ? high : (from + (i / (nodes - 1)) * (to - from)) ** rho,
    );
    return Float64Array.of(...sigmas, 0);
  },
});

/**
 * Refuses a grid that the interface cannot run on.
 * @throws InvalidArgumentError naming the first point that is not finite, not strictly monotone, out of range, or
 * singular where a network is evaluated.
 */
export function checkGrid(grid: Float64Array, record: InterfaceRecord): void {
  if (grid.length < 2) throw expected('at least two times (one interval)', 'timeGrid', Array.from(grid));
  const { min, max } = record.range;
  const within = max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `within [${min}, ${max}]`;
  const falling = (grid[1] as number) < (grid[0] as number);
  grid.forEach((t, i) => {
    if (!Number.isFinite(t) || t < min || t > max)
      throw expected(`times of ${record.name} ${within}`, `timeGrid[${i}]`, t);
    const previous = grid[i - 1];
    if (previous !== undefined && (falling ? t >= previous : t <= previous)) {
      throw new InvalidArgumentError(
        `Expected a strictly monotone grid for \`timeGrid\` but received ${previous} at ${i - 1} followed by ${t} at ${i}.`,
      );
    }
    if (i < grid.length - 1 && record.singular?.includes(t) === true) {
      throw expected(`${t} at the end alone, as ${record.name} is singular there,`, `timeGrid[${i}]`, t);
    }
  });
}
