/** Every error this package throws: a stable `code`, a sentence that names the option, and a hint where there is a remedy. */
import { pointAtCaller } from './call-site';

/** Root of all errors of this package. */
export class SamplersError extends Error {
  /** Stable identifier, for programs. */
  readonly code: string;
  /** What to do about it, where that is known. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(
      options.hint === undefined ? message : `${message} ${options.hint}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    pointAtCaller(this, new.target);
  }
}

/** An argument or option has the wrong type, shape or range; nothing was allocated or run. */
export class InvalidArgumentError extends SamplersError {
  /** The option that was refused, where there is one: 'numSamplingSteps', 'samplingTimeKwargs.tStart'. */
  readonly option: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown; option?: string } = {}) {
    super('ERR_INVALID_ARGUMENT', message, options);
    this.option = options.option;
  }
}

/** One thing that is wrong with a config. */
export interface ConfigIssue {
  /** Where, as the config spells it: 'sampler.num_sampling_steps'; '' is the config itself. */
  path: string;
  /** A sentence with the path, what was expected and what came. */
  message: string;
}

const ISSUES_SHOWN = 20;

/** A config is not usable; all that is wrong with it is in `issues`, and in the message one per line. */
export class ConfigError extends SamplersError {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[], cause?: unknown) {
    const lines = issues.slice(0, ISSUES_SHOWN).map(({ message }) => message);
    if (issues.length > ISSUES_SHOWN) lines.push(`... and ${issues.length - ISSUES_SHOWN} more.`);
    super('ERR_CONFIG', lines.join('\n'), { cause });
    this.issues = issues;
  }
}

/** The asked device is not there, with the reason and the remedy. */
export class DeviceUnavailableError extends SamplersError {
  constructor(message: string, hint?: string) {
    super('ERR_DEVICE_UNAVAILABLE', message, { hint });
  }
}

/** A CUDA call failed. */
export class CudaError extends SamplersError {
  constructor(message: string) {
    super('ERR_CUDA', message);
  }
}

/** Device or host memory ran out; everything that the run held was returned. */
export class OutOfMemoryError extends SamplersError {
  constructor(message: string) {
    super('ERR_OUT_OF_MEMORY', message, { hint: 'Take fewer rows at a time, or dispose of tensors that are done.' });
  }
}

/** A model file, its runtime library, or a network's answer is not usable. */
export class ModelError extends SamplersError {
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super('ERR_MODEL', message, options);
  }
}

/** A network or an update gave a value that is not finite. */
export class NumericalError extends SamplersError {
  constructor(
    message: string,
    /** Index of the step, from 0. */
    readonly step: number,
    /** Row of the batch. */
    readonly row: number,
    /** Name of the network, or undefined where none is to blame. */
    readonly network: string | undefined,
    hint?: string,
  ) {
    super('ERR_NUMERICAL', message, { hint });
  }
}

/** As many runs as the device allows are under way; nothing was started. */
export class BusyError extends SamplersError {
  constructor(
    device: string,
    /** The limit, `maxRuns` of the device. */
    readonly limit: number,
  ) {
    super(
      'ERR_BUSY',
      `The device ${device} has ${limit} ${limit === 1 ? 'run' : 'runs'} under way, as many as \`maxRuns\` allows.`,
      {
        hint: 'Wait for one to end, or open the device with a larger `maxRuns`.',
      },
    );
  }
}

/** A device, tensor or network was used after its `dispose()`. */
export class DisposedError extends SamplersError {
  constructor(what: string) {
    super('ERR_DISPOSED', `${what} was used after dispose().`);
  }
}

/** The run was ended by its AbortSignal; `cause` is the signal's reason. */
export class AbortError extends SamplersError {
  constructor(reason?: unknown) {
    super('ABORT_ERR', 'The run was aborted.', { cause: reason });
  }
}

/** The native addon could not be loaded. */
export class NativeLoadError extends SamplersError {
  constructor(message: string, hint: string, cause?: unknown) {
    super('ERR_NATIVE_LOAD', message, { hint, cause });
  }
}

/** The engine itself reported something that should not happen. */
export class InternalError extends SamplersError {
  constructor(message: string, cause?: unknown) {
    super('ERR_INTERNAL', message, { cause });
  }
}

/** Text on one line: cut where it is long, control characters escaped. */
export function printable(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 57)}...` : text;

  return cut.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function list(items: readonly unknown[], show: (item: unknown) => string): string {
  const shown = items.slice(0, 6).map(show).join(', ');
  return items.length > 6 ? `${shown}, ... ${items.length} in all` : shown;
}

function describeReadable(value: unknown, depth: number): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (typeof value === 'bigint') return `${value < 10n ** 40n && value > -(10n ** 40n) ? `${value}n` : 'a bigint'}`;
  if (typeof value === 'string') return `'${printable(value)}'`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${printable(value.name)}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (Array.isArray(value)) {
    return depth > 2 ? `an array of ${value.length}` : `[${list(value, (item) => describe(item, depth + 1))}]`;
  }
  const type: unknown = value.constructor;
  return typeof type !== 'function' || type.name === 'Object'
    ? `an object with keys {${list(Object.keys(value), (key) => printable(key as string))}}`
    : `a ${printable(type.name)}`;
}

/** A value in a few words, on one line; never throws. */
export function describe(value: unknown, depth = 0): string {
  try {
    return describeReadable(value, depth);
  } catch {
    return 'a value that cannot be read';
  }
}

/** What somebody else threw, in a few words; never throws. */
export function describeThrown(thrown: unknown): string {
  try {
    const message: unknown = thrown instanceof Error ? thrown.message : undefined;
    return typeof message === 'string' ? message : describe(thrown);
  } catch {
    return describe(thrown);
  }
}

/** The one grammar of refusals: "Expected <expectation> for `<option>` but received <value>." */
export function expected(expectation: string, option: string, value: unknown, hint?: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `Expected ${expectation} for \`${option}\` but received ${describe(value)}.`,
    hint === undefined ? { option } : { hint, option },
  );
}

/** Refuses keys of `options` that are not in `known`: nothing is silently ignored. */
export function refuseUnknownKeys(options: unknown, known: readonly string[], name: string): void {
  if (typeof options !== 'object' || options === null) throw expected('an object', name, options);
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw expected(known.length === 0 ? 'no key' : `one of ${known.join(', ')}`, `${name} key`, key);
  }
}
