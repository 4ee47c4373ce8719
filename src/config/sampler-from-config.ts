/** From a config to a sampler: what is named is looked up in the allowlist, what is given is checked, nothing is guessed. */
import type { ZodType } from 'zod';
import { ConfigError, describe, InvalidArgumentError, printable } from '../errors';
import { EulerSampler } from '../samplers/euler';
import { samplerEntry, samplerNames, type SamplerEntry } from '../samplers/registry';
import type { Samplers } from '../samplers/samplers';
import { DEFAULT_SAMPLING_TIME_KWARGS } from '../time-grid';
import { ConfigReader, isPlainObject, reason } from './config-reader';
import { optionSchemas } from './lazy-schemas';
import { OptionSection } from './option-section';
import { nearest } from './spelling';

const CLASS_KEYS = ['sampler_class', 'samplerClass'];
const SECTION_KEY = 'sampler';

type Values = Record<string, unknown>;

/** Entry of the sampler that the config names, and the path of the name. */
function readClass(reader: ConfigReader, config: object): SamplerEntry | undefined {
  const [path = 'sampler_class', other] = CLASS_KEYS.filter((key) => Object.hasOwn(config, key));
  if (other !== undefined) {
    reader.refuse('one spelling', other, `received \`${path}\` beside it`);
    return undefined;
  }
  const name = Object.hasOwn(config, path) ? reader.get(config, path, path) : undefined;
  const entry = samplerEntry(name);
  if (entry !== undefined || reader.issues.length > 0) return entry;
  const meant = typeof name === 'string' ? nearest(name, samplerNames()) : undefined;
  const hint = meant === undefined ? '' : `Did you mean '${meant}'?`;
  reader.refuse(`one of ${samplerNames().join(', ')}`, path, `received ${describe(name)}`, hint);
  return undefined;
}

/** Values that `schema` accepts, as it returns them; issues for the others. */
function parse(section: OptionSection, reader: ConfigReader, schema: ZodType, values: Values, ours: boolean): Values {
  const result = schema.safeParse(values);
  if (result.success) return result.data as Values;
  for (const issue of result.error.issues) {
    const typed = issue.code === 'invalid_type' ? `a value of type ${issue.expected}` : undefined;
    const expectation = ours ? issue.message : (typed ?? `a valid value (${printable(issue.message)})`);
    const came = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], values);
    reader.refuse(expectation, section.path(issue.path), `received ${describe(came)}`);
  }
  return {};
}

/** Options of the time grid, in place: their keys depend on the distribution. */
function readTimeKwargs(section: OptionSection, reader: ConfigReader, values: Values, entry: SamplerEntry): void {
  const { BASE_SHAPE, timeKwargsSchema } = optionSchemas();
  const given = values.samplingTimeKwargs;
  if (!isPlainObject(given)) return;
  const named = values.samplingTimeDist;
  const parsed = named === undefined ? undefined : BASE_SHAPE.samplingTimeDist.safeParse(named);
  // Only its constructor knows which distribution a user's sampler takes where none is named.
  const fallback = entry.builtIn ? new EulerSampler().samplingTimeDist : undefined;
  const dist = parsed === undefined ? fallback : parsed.success ? (parsed.data as string) : undefined;
  const defaults = new Map<string, object>(Object.entries(DEFAULT_SAMPLING_TIME_KWARGS)).get(dist ?? '');
  const kwargs = section.read(given, ['samplingTimeKwargs'], defaults && Object.keys(defaults));
  parse(section, reader, timeKwargsSchema(dist), { samplingTimeKwargs: kwargs }, true);
  values.samplingTimeKwargs = kwargs;
}

/** Checked options, ready for the constructor. */
function readOptions(reader: ConfigReader, section: OptionSection, value: object, entry: SamplerEntry): Values {
  const { BASE_SHAPE, baseSchema } = optionSchemas();
  const schema = entry.options();
  const ownKeys = Object.keys(schema?.shape ?? {});
  const baseKeys = Object.keys(BASE_SHAPE).filter((key) => !ownKeys.includes(key));
  const known = schema && [...baseKeys, ...ownKeys];
  const values = section.read(value, [], known, section.root === '' ? CLASS_KEYS : []);
  readTimeKwargs(section, reader, values, entry);
  const isBase = ([key]: [string, unknown]): boolean => baseKeys.includes(key);
  const all = Object.entries(values);
  const base = Object.fromEntries(all.filter(isBase));
  const own = Object.fromEntries(all.filter((option) => !isBase(option)));
  return {
    ...parse(section, reader, baseSchema(baseKeys), base, true),
    ...(schema === undefined ? own : parse(section, reader, schema, own, entry.builtIn)),
  };
}

function construct(entry: SamplerEntry, options: Values, section: OptionSection): Samplers {
  try {
    return new entry.sampler(options);
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      throw new ConfigError([section.refusal(error.option, error.message)], error);
    }
    const name = section.root || 'config';
    const message = `Expected options that ${entry.sampler.name} accepts for \`${name}\` but it threw: ${reason(error)}`;
    throw new ConfigError([{ path: section.root, message }], error);
  }
}

function read(config: unknown): Samplers {
  const reader = new ConfigReader();
  const stop = (): never => {
    throw new ConfigError(reader.issues);
  };
  if (!isPlainObject(config)) {
    reader.refuse('an object', '', `received ${describe(config)}`);
    return stop();
  }
  if (Object.hasOwn(config, '__proto__')) reader.refuse('no such key', '__proto__', 'received one');
  const entry = readClass(reader, config);
  const nested = Object.hasOwn(config, SECTION_KEY);
  const value = nested ? reader.get(config, SECTION_KEY, SECTION_KEY) : config;
  if (!isPlainObject(value)) {
    if (reader.issues.length === 0 || value !== undefined) {
      reader.refuse('an object', SECTION_KEY, `received ${describe(value)}`);
    }
    return stop();
  }
  if (entry === undefined) return stop();
  const section = new OptionSection(reader, value, nested ? SECTION_KEY : '');
  const options = readOptions(reader, section, value, entry);
  return reader.issues.length > 0 ? stop() : construct(entry, options, section);
}

/**
 * A sampler from a config: that of diffuse_nnx as JSON, or an object in code. Keys in snake_case or camelCase.
 * - nested: `{ sampler_class, sampler: { options } }`; everything beside these two is somebody else's and left alone
 * - flat: `{ sampler_class, ...options }`; other keys are refused
 *
 * `sampler_class` is one of `samplerNames()`, which `registerSampler` adds to. What is absent has the default of the
 * sampler's constructor.
 *
 * @throws ConfigError with everything that is wrong, in the spelling of the config.
 *
 * @example
 * const sampler = samplerFromConfig({ sampler_class: 'heun', sampler: { num_sampling_steps: 32 } });
 */
export function samplerFromConfig(config: unknown): Samplers {
  try {
    return read(config);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const message = `Expected an object that can be read for \`config\` but reading it threw: ${reason(error)}`;
    throw new ConfigError([{ path: '', message }], error);
  }
}
