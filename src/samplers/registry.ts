/** The samplers by name: the allowlist of configs and commands that choose one by a string. */
import type { ZodObject } from 'zod';
import { optionSchemas } from '../config/lazy-schemas';
import { toCamel } from '../config/spelling';
import { expected } from '../errors';
import { EulerSampler } from './euler';
import { EulerJumpSampler } from './euler-jump';
import { EulerMaruyamaSampler } from './euler-maruyama';
import { HeunSampler } from './heun';
import { Samplers, type SamplersConfig } from './samplers';

/** A sampler's class; its constructor checks its own config. */
export type SamplerClass = new (config?: SamplersConfig) => Samplers;

/** What a name stands for. */
export interface SamplerEntry {
  readonly sampler: SamplerClass;
  /** Schema of its options beyond SamplersConfig; gives undefined where only the constructor knows them. */
  readonly options: () => ZodObject | undefined;
  readonly builtIn: boolean;
}

const entries = new Map<string, SamplerEntry>([
  ['euler', { sampler: EulerSampler, options: () => optionSchemas().NO_OPTIONS, builtIn: true }],
  ['heun', { sampler: HeunSampler, options: () => optionSchemas().HEUN_OPTIONS, builtIn: true }],
  [
    'euler-maruyama',
    { sampler: EulerMaruyamaSampler, options: () => optionSchemas().EULER_MARUYAMA_OPTIONS, builtIn: true },
  ],
  ['euler_jump', { sampler: EulerJumpSampler, options: () => optionSchemas().NO_OPTIONS, builtIn: true }],
]);

/** Names that `sampler_class` accepts now. */
export function samplerNames(): string[] {
  return [...entries.keys()];
}

/** What a name stands for, undefined where it is none of the allowlist. */
export function samplerEntry(name: unknown): SamplerEntry | undefined {
  return entries.get(name as string);
}

/** The class of a name. @throws InvalidArgumentError with the names there are. */
export function samplerClass(name: unknown, option: string): SamplerClass {
  const found = samplerEntry(name);
  if (found === undefined) throw expected(`one of ${samplerNames().join(', ')}`, option, name);
  return found.sampler;
}

function checkSchema(schema: unknown): void {
  const { shape } = (typeof schema === 'object' && schema !== null ? schema : {}) as { shape?: unknown };
  if (typeof shape !== 'object' || shape === null) throw expected('a zod object schema', 'options', schema);
  const odd = Object.keys(shape).find((key) => toCamel(key) !== key);
  if (odd !== undefined) throw expected('a key in camelCase, as constructors take it,', 'options key', odd);
}

/**
 * Adds a sampler of one's own to the allowlist.
 *
 * @param options Schema of its options beyond SamplersConfig, keys in camelCase: configs with other keys are refused
 * by it. Without one, configs hand whatever they hold to the constructor, which checks it.
 * @throws InvalidArgumentError where the name is taken, the class is no sampler or the schema is none.
 */
export function registerSampler(name: string, sampler: new (config: never) => Samplers, options?: ZodObject): void {
  if (typeof name !== 'string' || name === '' || entries.has(name))
    throw expected('a name that is not taken', 'name', name);
  if (typeof sampler !== 'function' || !(sampler.prototype instanceof Samplers)) {
    throw expected('a subclass of Samplers', 'sampler', sampler);
  }
  if (options !== undefined) checkSchema(options);
  entries.set(name, { sampler: sampler as SamplerClass, options: () => options, builtIn: false });
}
