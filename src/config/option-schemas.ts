/** What the options of samplers and time grids may be in a config. Defaults are the constructors' own: none stands here. */
import { z } from 'zod';
import { DiffusionCoeffType } from '../samplers/diffusion-coefficient';
import type { EulerMaruyamaConfig } from '../samplers/euler-maruyama';
import type { HeunConfig } from '../samplers/heun';
import { MAX_STEPS, type SamplersConfig } from '../samplers/samplers';
import {
  DEFAULT_SAMPLING_TIME_KWARGS,
  samplingTimeDists,
  type ExpTimeKwargs,
  type UniformTimeKwargs,
} from '../time-grid';
import { matching } from './spelling';

// The message of every schema is an expectation: "Expected <message> for ...".
type Shape<Options> = Record<keyof Options, z.ZodType>;
type Own<Config> = Shape<Omit<Config, keyof SamplersConfig>>;

function number(expectation: string, holds: (value: number) => boolean = () => true): z.ZodType<number> {
  return z.number(expectation).refine(holds, expectation);
}

function oneOf<const Value extends string>(values: readonly Value[]): z.ZodType<Value> {
  return z.enum(values, values.map((value) => `'${value}'`).join(' or '));
}

/** One of `names`, case and underscores ignored; or a function, where those are allowed. */
function named(names: () => readonly string[], functions = false): z.ZodType {
  return z.unknown().transform((value, context) => {
    if (functions && typeof value === 'function') return value;
    const found = typeof value === 'string' ? matching(value, names()) : undefined;
    if (found !== undefined) return found;
    const message = `${functions ? 'a function or ' : ''}one of ${names().join(', ')}`;
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  });
}

const finite = number('a finite number');
const positive = number('a number above 0', (value) => value > 0);

const TIMES = 'an array of at least two times';

const times = z.array(z.unknown(), TIMES).superRefine((values, context) => {
  const odd = values.findIndex((value) => typeof value !== 'number' || !Number.isFinite(value));
  if (odd >= 0) context.addIssue({ code: 'custom', message: 'a finite number', path: [odd] });
  else if (values.length < 2) context.addIssue({ code: 'custom', message: TIMES });
});

function plainArray(value: unknown): unknown {
  return ArrayBuffer.isView(value) && Symbol.iterator in value
    ? Array.from(value as unknown as Iterable<number>)
    : value;
}

/** Options that every sampler has. */
export const BASE_SHAPE = {
  numSamplingSteps: number(
    `an integer from 1 to ${MAX_STEPS}`,
    (value) => Number.isInteger(value) && value >= 1 && value <= MAX_STEPS,
  ),
  samplingTimeDist: named(samplingTimeDists),
  samplingTimeKwargs: z.record(z.string(), z.unknown(), 'an object'),
  timeGrid: z.preprocess(plainArray, times),
} satisfies Shape<SamplersConfig>;

/** The options of every sampler that are not in the hands of its own schema. */
export function baseSchema(keys: readonly string[]): z.ZodType {
  return z.object(Object.fromEntries(Object.entries(BASE_SHAPE).filter(([key]) => keys.includes(key)))).partial();
}

/** For samplers without options of their own. */
export const NO_OPTIONS = z.object({});

/** Heun's own. */
export const HEUN_OPTIONS = z
  .object({ lastStep: oneOf<NonNullable<HeunConfig['lastStep']>>(['euler', 'full']) } satisfies Own<HeunConfig>)
  .partial();

/** Euler-Maruyama's own. */
export const EULER_MARUYAMA_OPTIONS = z
  .object({
    diffusionCoeff: named(() => Object.values(DiffusionCoeffType), true),
    diffusionCoeffNorm: number('a finite number of at least 0', (value) => value >= 0),
    lastStep: oneOf<NonNullable<EulerMaruyamaConfig['lastStep']>>(['denoise', 'mean']),
  } satisfies Own<EulerMaruyamaConfig>)
  .partial();

const UNIFORM = z
  .object({
    tStart: finite,
    tEnd: finite,
    tShiftBase: positive,
    tShiftCur: positive,
  } satisfies Shape<UniformTimeKwargs>)
  .partial();

const EXP = z
  .object({
    sigmaMin: positive,
    sigmaMax: positive,
    rho: positive,
    compat: oneOf<ExpTimeKwargs['compat']>(['none', 'diffuse_nnx']),
  } satisfies Shape<ExpTimeKwargs>)
  .partial()
  .superRefine((given, context) => {
    const { exp } = DEFAULT_SAMPLING_TIME_KWARGS;
    const { sigmaMin = exp.sigmaMin, sigmaMax = exp.sigmaMax } = given;
    if (sigmaMin < sigmaMax) return;
    if (given.sigmaMin === undefined) {
      const message = `a number above the smallest sigma (${sigmaMin})`;
      context.addIssue({ code: 'custom', message, path: ['sigmaMax'] });
    } else {
      const message = `a number below the largest sigma (${sigmaMax})`;
      context.addIssue({ code: 'custom', message, path: ['sigmaMin'] });
    }
  });

const KWARGS = new Map<string, z.ZodType>([
  ['uniform', UNIFORM],
  ['exp', EXP],
]);

/** Schema of `samplingTimeKwargs` for a distribution: a registered one checks its values itself. */
export function timeKwargsSchema(dist: string | undefined): z.ZodType {
  return z.object({ samplingTimeKwargs: KWARGS.get(dist ?? '') ?? BASE_SHAPE.samplingTimeKwargs });
}
