/**
 * What a step of each sampler has to do, written by hand: the passes that are the least possible, and the operations of
 * an eager framework. Both are printed in docs/cuda.md as they stand here, and counted from their text.
 */
import {
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  type Samplers,
  type SamplersConfig,
} from '../src';

export type Clock = 'SiT' | 'EDM' | 'MeanFlow';

export interface StepCase {
  sampler: string;
  clock: Clock;
  guided: boolean;
  make: (numSamplingSteps: number) => Samplers;
}

const steps = (clock: Clock, numSamplingSteps: number): SamplersConfig =>
  clock === 'EDM' ? { numSamplingSteps, samplingTimeDist: 'exp' } : { numSamplingSteps };

const SAMPLERS: { sampler: string; clocks: Clock[]; make: (clock: Clock, count: number) => Samplers }[] = [
  { sampler: 'Euler', clocks: ['SiT', 'EDM'], make: (clock, n) => new EulerSampler(steps(clock, n)) },
  { sampler: 'Heun', clocks: ['SiT', 'EDM'], make: (clock, n) => new HeunSampler(steps(clock, n)) },
  {
    sampler: 'Euler-Maruyama',
    clocks: ['SiT', 'EDM'],
    make: (clock, n) => new EulerMaruyamaSampler({ ...steps(clock, n), diffusionCoeff: 'linear' }),
  },
  { sampler: 'EulerJump', clocks: ['MeanFlow'], make: (clock, n) => new EulerJumpSampler(steps(clock, n)) },
];

export const CASES: StepCase[] = SAMPLERS.flatMap(({ sampler, clocks, make }) =>
  clocks.flatMap((clock) =>
    [false, true].map((guided) => ({ sampler, clock, guided, make: (count: number) => make(clock, count) })),
  ),
);

/** The passes of a step, `what is read -> what is written`; noise is made in the pass and so is neither. */
export function leastPasses({ sampler, clock, guided }: StepCase): string[] {
  const out = (index: string): string => (guided ? `v${index}, u${index}` : `v${index}`);
  // The pass that makes the state also makes what a preconditioned network is shown of it.
  const end = clock === 'EDM' ? 'x, c_in·x' : 'x';
  if (sampler !== 'Heun') return [`x, ${out('')} -> ${end}`];
  return [`x, ${out('1')} -> ${clock === 'EDM' ? 'c_in·y' : 'y'}`, `x, ${out('1')}, ${out('2')} -> ${end}`];
}

/** Reads and writes of passes, in elements. */
export function accessesOf(passes: readonly string[]): number {
  return passes.reduce((sum, pass) => sum + pass.split(/,|->/).length, 0);
}

/**
 * What an eager framework does, kernel by kernel: one line of a block is one launch. Operands of one letter are arrays,
 * but for the scale w; all others are numbers. A second evaluation has the same blocks with other letters.
 */
export const EAGER_BLOCKS = {
  guidance: ['d = v - u', 'd = w * d', 'v = u + d'],
  input: ['i = c_in * x'],
  denoised: ['a = c_skip * x', 'b = c_out * F', 'D = a + b'],
  velocity: ['d = x - D', 'v = d / sigma'],
  euler: ['d = dt * v', 'y = x + d'],
  heun: ['s = v + q', 's = half_dt * s', 'x = x + s'],
  'score on SiT': ['a = c1 * v', 'a = a + x', 'a = a / minus_t'],
  'score on EDM': ['a = D - x', 'a = a / sigma2'],
  drift: ['a = half_g2 * a', 'v = v - a'],
  noise: ['z = randn()', 'z = g_sqrt_dt * z', 'x = y + z'],
} as const satisfies Record<string, readonly string[]>;
export type EagerBlock = keyof typeof EAGER_BLOCKS;

/** From the networks' outputs to a velocity. */
function eagerVelocity({ clock, guided }: StepCase): EagerBlock[] {
  if (clock !== 'EDM') return guided ? ['guidance'] : [];
  return ['input', 'denoised', ...(guided ? (['denoised', 'guidance'] as const) : []), 'velocity'];
}

export function eagerBlocks(step: StepCase): EagerBlock[] {
  const velocity = eagerVelocity(step);
  if (step.sampler === 'Heun') return [...velocity, 'euler', ...velocity, 'heun'];
  if (step.sampler !== 'Euler-Maruyama') return [...velocity, 'euler'];
  return [...velocity, step.clock === 'EDM' ? 'score on EDM' : 'score on SiT', 'drift', 'euler', 'noise'];
}

export interface EagerCost {
  launches: number;
  /** Reads and writes, in elements. */
  accesses: number;
}

export function eagerCost(blocks: readonly EagerBlock[]): EagerCost {
  const operations: readonly string[] = blocks.flatMap((block) => EAGER_BLOCKS[block]);
  const arrays = (operation: string): number => operation.match(/\b(?!w\b)[A-Za-z]\b/g)?.length ?? 0;
  return { launches: operations.length, accesses: operations.reduce((sum, each) => sum + arrays(each), 0) };
}
