/** The samplers by name: the allowlist of commands and configs that choose one by a string. */
import { EulerSampler } from './euler';
import { HeunSampler } from './heun';
import type { Samplers, SamplersConfig } from './samplers';

export const SAMPLERS = {
  euler: EulerSampler,
  heun: HeunSampler,
} as const satisfies Record<string, new (config?: SamplersConfig) => Samplers>;

export type SamplerName = keyof typeof SAMPLERS;

export const SAMPLER_NAMES = Object.keys(SAMPLERS) as SamplerName[];
