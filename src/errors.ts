/** Every error this package throws: a stable `code`, a sentence that names the option, and a hint where there is a remedy. */

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
  }
}

/** An argument or option has the wrong type, shape or range; nothing was allocated or run. */
export class InvalidArgumentError extends SamplersError {
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super('ERR_INVALID_ARGUMENT', message, options);
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
    /** Name of the network, or undefined where the update itself overflowed. */
    readonly network: string | undefined,
  ) {
    super('ERR_NUMERICAL', message);
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

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 57)}...` : value}'`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (Array.isArray(value)) {
    const shown = value.slice(0, 6).map(describe).join(', ');
    return value.length > 6 ? `[${shown}, ... ${value.length} in all]` : `[${shown}]`;
  }
  const name = value.constructor?.name;
  return name === undefined || name === 'Object'
    ? `an object with keys {${Object.keys(value).join(', ')}}`
    : `a ${name}`;
}

/** The one grammar of refusals: "Expected <expectation> for `<option>` but received <value>." */
export function expected(expectation: string, option: string, value: unknown, hint?: string): InvalidArgumentError {
  const error = new InvalidArgumentError(
    `Expected ${expectation} for \`${option}\` but received ${describe(value)}.`,
    hint === undefined ? {} : { hint },
  );
  Error.captureStackTrace(error, expected);
  return error;
}

/** True for a Float32Array of any realm: a `vm` context has constructors of its own. */
export function isFloat32Array(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Float32Array]';
}

/** Refuses keys of `options` that are not in `known`: nothing is silently ignored. */
export function refuseUnknownKeys(options: object, known: readonly string[], name: string): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw expected(known.length === 0 ? 'no key' : `one of ${known.join(', ')}`, `${name} key`, key);
  }
}
