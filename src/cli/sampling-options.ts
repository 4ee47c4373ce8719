/** The options that `sample` and `plan` share: their text, their defaults and their validation. */
import { Option, type Command } from 'commander';
import { expected } from '../errors';
import { samplerClass, samplerNames } from '../samplers/registry';
import { parseLabels } from './labels';

export interface SamplingOptions {
  model?: string;
  sampler: string;
  steps: number;
  guidance: number;
  labels?: readonly number[];
  nullLabel?: number;
  labelInput: string;
  count: number;
  seed: bigint;
  /** Of one sample. */
  shape?: readonly number[];
  tStart?: number;
  tEnd?: number;
  tShiftCur?: number;
  tShiftBase?: number;
  device: string;
  threads?: number;
}

const MAX_SEED = 2n ** 64n - 1n;
const DEFAULT_SAMPLER = 'heun';
const DEFAULT_STEPS = new (samplerClass(DEFAULT_SAMPLER, '--sampler'))().numSamplingSteps;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

type Parse<T> = (text: string) => T;

export function integer(option: string, min: number, max: number = Number.MAX_SAFE_INTEGER): Parse<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw expected(range, option, text);
    return value;
  };
}

function number(option: string): Parse<number> {
  return (text) => {
    const value = DECIMAL.test(text) ? Number(text) : NaN;
    if (!Number.isFinite(value)) throw expected('a number', option, text);
    return value;
  };
}

function samplerName(text: string): string {
  samplerClass(text, '--sampler');
  return text;
}

function seed(text: string): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value > MAX_SEED) throw expected('an integer from 0 to 2^64 - 1', '--seed', text);
  return value;
}

function shape(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^[1-9]\d{0,8}$/.test(part))) {
    throw expected("the dimensions of one sample, such as '1,28,28'", '--shape', text);
  }
  return parts.map(Number);
}

export function seedOption(fallback: bigint): Option {
  return new Option('--seed <S>', 'the same seed gives the same samples')
    .argParser(seed)
    .default(fallback, String(fallback));
}

export function deviceOptions(): Option[] {
  return [
    new Option('--device <name>', "'auto', 'cpu', 'cuda' or 'cuda:<n>'").default('auto'),
    new Option('--threads <N>', 'CPU threads (default: all cores)').argParser(integer('--threads', 1, 1024)),
  ];
}

export function addSamplingOptions(command: Command, modelHelp: string): Command {
  const options = [
    new Option('-m, --model <file>', modelHelp),
    new Option('--sampler <name>', `one of ${samplerNames().join(', ')}`)
      .argParser(samplerName)
      .default(DEFAULT_SAMPLER),
    new Option('--steps <N>', 'intervals of the time grid')
      .argParser(integer('--steps', 1, 1_000_000))
      .default(DEFAULT_STEPS),
    new Option('--guidance <W>', 'guidance scale; 1 is none').argParser(number('--guidance')).default(1),
    new Option('--labels <list>', "'3', '0,1,2' or '0-9', repeated over the samples").argParser((text: string) =>
      parseLabels(text),
    ),
    new Option('--null-label <label>', "the guide's label, which stands for none").argParser(
      integer('--null-label', 0),
    ),
    new Option('--label-input <name>', "the model's input for labels").default('y'),
    new Option('-n, --count <N>', 'how many samples').argParser(integer('--count', 1)).default(64),
    seedOption(0n),
    new Option('--shape <c,h,w>', 'of one sample (default: what the model declares)').argParser(shape),
    new Option('--t-start <t>', 'first time (default: 1, noise)').argParser(number('--t-start')),
    new Option('--t-end <t>', 'last time (default: 0, data)').argParser(number('--t-end')),
    new Option('--t-shift-cur <L>', 'sequence length at hand, shifts the grid').argParser(number('--t-shift-cur')),
    new Option('--t-shift-base <L>', 'sequence length without shift').argParser(number('--t-shift-base')),
    ...deviceOptions(),
  ];
  options.forEach((option) => command.addOption(option));
  return command;
}
