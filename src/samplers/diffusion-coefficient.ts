/** Diffusion coefficients w(t) = g² of stochastic samplers, by name. */
import { expected } from '../errors';
import type { InterfaceRecord } from '../interfaces/interface-record';

/** Names of the coefficients, k the norm. */
export const DiffusionCoeffType = Object.freeze({
  /** k */
  CONSTANT: 'constant',
  /** k t */
  LINEAR: 'linear',
  /** k t/(1 - t); infinite at t = 1 */
  LINEAR_KL: 'linear_kl',
  /** (k cos(pi t) + 1)²/4: as in diffuse_nnx, largest at data for k > 0 */
  COS: 'cos',
  /** (k sin(pi t) + 1)²/4: as in diffuse_nnx */
  CONCAVE: 'concave',
  /** (1 - k cos(pi t))²/2: SiT's decreasing coefficient on this clock, largest at noise */
  DECREASING: 'decreasing',
  /** 2 k sin²(pi t): SiT's increasing-decreasing coefficient */
  INCREASING_DECREASING: 'increasing_decreasing',
} as const);

export type DiffusionCoeff = (typeof DiffusionCoeffType)[keyof typeof DiffusionCoeffType];

/** w as a function of the interface's clock; finite and not negative where it is evaluated. */
export type DiffusionCoeffFunction = (t: number) => number;

interface Named {
  w: (t: number, k: number) => number;
  /** True where the formula belongs to clocks in [0, 1]. */
  unitClock: boolean;
}

const NAMED: Record<DiffusionCoeff, Named> = {
  constant: { w: (_, k) => k, unitClock: false },
  linear: { w: (t, k) => k * t, unitClock: false },
  linear_kl: { w: (t, k) => (k * t) / (1 - t), unitClock: true },
  cos: { w: (t, k) => (k * Math.cos(Math.PI * t) + 1) ** 2 / 4, unitClock: true },
  concave: { w: (t, k) => (k * Math.sin(Math.PI * t) + 1) ** 2 / 4, unitClock: true },
  decreasing: { w: (t, k) => (1 - k * Math.cos(Math.PI * t)) ** 2 / 2, unitClock: true },
  increasing_decreasing: { w: (t, k) => 2 * k * Math.sin(Math.PI * t) ** 2, unitClock: true },
};

/** A coefficient that was checked: its function, and which clocks it belongs to. */
export interface CheckedCoeff {
  readonly name: string;
  readonly w: DiffusionCoeffFunction;
  readonly unitClock: boolean;
}

/** @param norm k; not with a function, which has its own scale. */
export function checkCoeff(coeff: unknown, norm: unknown): CheckedCoeff {
  if (typeof coeff === 'function') {
    if (norm !== undefined) throw expected('to be absent beside a function', 'diffusionCoeffNorm', norm);
    const name = coeff.name === '' ? 'w(t)' : coeff.name;
    return { name, w: coeff as DiffusionCoeffFunction, unitClock: false };
  }
  const known = typeof coeff === 'string' && Object.hasOwn(NAMED, coeff);
  const named = known ? NAMED[coeff as DiffusionCoeff] : undefined;
  if (named === undefined) {
    throw expected(`a function or one of ${Object.keys(NAMED).join(', ')}`, 'diffusionCoeff', coeff);
  }
  const k = norm ?? 1;
  if (typeof k !== 'number' || !Number.isFinite(k) || k < 0) {
    throw expected('a finite number of at least 0', 'diffusionCoeffNorm', norm);
  }
  return { name: coeff as DiffusionCoeff, w: (t) => named.w(t, k), unitClock: named.unitClock };
}

/** w(t), or what it threw: refused like any other value that is no number. */
function valueOf(w: DiffusionCoeffFunction, t: number): unknown {
  try {
    return w(t);
  } catch (error) {
    return error;
  }
}

/** Refuses w that is not finite or negative where it will be evaluated, and scores that do not exist there. */
export function checkCoeffOnGrid(
  { name, w, unitClock }: CheckedCoeff,
  grid: Float64Array,
  record: InterfaceRecord,
): void {
  if (unitClock && record.range.max !== 1) {
    throw expected(
      `a coefficient for the clock of ${record.name} (constant, linear or a function)`,
      'diffusionCoeff',
      name,
    );
  }
  grid.subarray(0, -1).forEach((t, i) => {
    const value = valueOf(w, t);
    if (typeof value !== 'number' || !(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw expected(
        'a finite number of at least 0',
        `diffusionCoeff '${name}' at timeGrid[${i}] = ${t}`,
        value,
        name === 'linear_kl' && t === 1
          ? 'Start below 1, for example with samplingTimeKwargs { tStart: 0.99 }.'
          : undefined,
      );
    }
    if (!(record.path.s(t) > 0)) {
      throw expected('a time with noise, as the score needs,', `timeGrid[${i}]`, t);
    }
  });
}
