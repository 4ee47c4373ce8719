/** Samplers and a time distribution of the tests' own, registered, and what a config is answered with. */
import { z } from 'zod';
import {
  ConfigError,
  eulerStep,
  InvalidArgumentError,
  registerSampler,
  registerSamplingTimeDist,
  samplerFromConfig,
  Samplers,
  SIT,
  type Expr,
  type SamplersConfig,
  type Step,
} from '../../src';

declare module '../../src/time-grid' {
  interface SamplingTimeKwargsOf {
    square_root: { powerOf: number };
  }
}

registerSamplingTimeDist('square_root', {
  defaults: { powerOf: 0.5 },
  grid: (steps, { powerOf }) => Float64Array.from({ length: steps + 1 }, (_, i) => 1 - (i / steps) ** powerOf),
});

abstract class EulerLike extends Samplers {
  forward(step: Step): Expr {
    return eulerStep(step);
  }
  lastStep(step: Step): Expr {
    return eulerStep(step);
  }
}

export class ChurnSampler extends EulerLike {
  readonly churnRate: unknown;
  constructor({ churnRate = 0, ...rest }: SamplersConfig & { churnRate?: unknown } = {}) {
    super(rest);
    if (churnRate === 'type error') throw new TypeError('no number');
    if (churnRate === 'bare') throw new InvalidArgumentError('It is bare.');
    this.churnRate = churnRate;
  }
}

export class CheckedSampler extends EulerLike {
  readonly own: { churnRate: number; mode?: string };
  constructor({ churnRate, mode, ...rest }: SamplersConfig & { churnRate: number; mode?: string }) {
    super(rest);
    this.own = mode === undefined ? { churnRate } : { churnRate, mode };
  }
}

registerSampler('churn', ChurnSampler);
registerSampler(
  'checked',
  CheckedSampler,
  z.object({ churnRate: z.number().max(1), mode: z.enum(['a', 'b']).default('a') }),
);

export type Options = Record<string, unknown>;

export function refusal(config: unknown): ConfigError {
  try {
    samplerFromConfig(config);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('No error was thrown.');
}

export const message = (config: unknown): string => refusal(config).message;
export const paths = (config: unknown): string[] => refusal(config).issues.map(({ path }) => path);
export const times = (config: unknown, record = SIT): number[] => Array.from(samplerFromConfig(config).sampleT(record));
