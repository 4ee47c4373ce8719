/** Time grids: where a sampler stops on its way from noise to data. */
import { expected, InvalidArgumentError, refuseUnknownKeys } from './errors';
import type { InterfaceRecord } from './interfaces/interface-record';

/** Options of the uniform grid. */
export interface UniformTimeKwargs {
  /** First time (default: the interface's own, SiT: 1). */
  tStart?: number;
  /** Last time (default: the interface's own, SiT: 0). */
  tEnd?: number;
  /** Sequence length at which no shift is wanted (default 4096). */
  tShiftBase?: number;
  /** Sequence length at hand (default 4096: no shift). */
  tShiftCur?: number;
}

const UNIFORM_KEYS = ['tStart', 'tEnd', 'tShiftBase', 'tShiftCur'] as const;
const DEFAULT_SHIFT_LENGTH = 4096;

function finite(value: unknown, option: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw expected('a finite number', option, value);
  return value;
}

function positive(value: unknown, option: string): number {
  const number = finite(value, option);
  if (number <= 0) throw expected('a number above 0', option, value);
  return number;
}

/**
 * The uniform grid with shift: `t = linspace(tStart, tEnd, N + 1)`, then `t <- s t / (1 + (s - 1) t)` with
 * `s = sqrt(tShiftCur / tShiftBase)`.
 * Source: Esser et al., "Scaling Rectified Flow Transformers", 2024, eq. 23; as in diffuse_nnx.
 *
 * @param steps Number of intervals N.
 * @returns N + 1 times in the interface's clock.
 */
export function uniformGrid(steps: number, record: InterfaceRecord, kwargs: UniformTimeKwargs = {}): Float64Array {
  refuseUnknownKeys(kwargs, UNIFORM_KEYS, 'samplingTimeKwargs');
  const start = finite(kwargs.tStart ?? record.defaultRange?.start, 'samplingTimeKwargs.tStart');
  const end = finite(kwargs.tEnd ?? record.defaultRange?.end, 'samplingTimeKwargs.tEnd');
  const base = positive(kwargs.tShiftBase ?? DEFAULT_SHIFT_LENGTH, 'samplingTimeKwargs.tShiftBase');
  const current = positive(kwargs.tShiftCur ?? DEFAULT_SHIFT_LENGTH, 'samplingTimeKwargs.tShiftCur');
  const s = Math.sqrt(current / base);
  return Float64Array.from({ length: steps + 1 }, (_, i) => {
    const t = i === steps ? end : start + (end - start) * (i / steps);
    return (s * t) / (1 + (s - 1) * t);
  });
}

/**
 * Refuses a grid that the interface cannot run on.
 * @throws InvalidArgumentError naming the first point that is not finite, not strictly monotone, or out of range.
 */
export function checkGrid(grid: Float64Array, record: InterfaceRecord): void {
  if (grid.length < 2) throw expected('at least two times (one interval)', 'timeGrid', Array.from(grid));
  const { min, max } = record.range;
  const falling = (grid[1] as number) < (grid[0] as number);
  grid.forEach((t, i) => {
    if (!Number.isFinite(t) || t < min || t > max) {
      throw expected(`times of ${record.name} within [${min}, ${max}]`, `timeGrid[${i}]`, t);
    }
    const previous = grid[i - 1];
    if (previous !== undefined && (falling ? t >= previous : t <= previous)) {
      throw new InvalidArgumentError(
        `Expected a strictly monotone grid for \`timeGrid\` but received ${previous} at ${i - 1} followed by ${t} at ${i}.`,
      );
    }
  });
}
