/** What the engine reports, as the typed errors of this package. */
import {
  AbortError,
  CudaError,
  DisposedError,
  InternalError,
  ModelError,
  NumericalError,
  OutOfMemoryError,
  SamplersError,
} from './errors';
import type { NativeFailure } from './native';

function byCode(code: string | undefined, message: string, cause: unknown): SamplersError {
  switch (code) {
    case 'ABORTED':
      return new AbortError(cause);
    case 'OUT_OF_MEMORY':
      return new OutOfMemoryError(message);
    case 'CUDA':
      return new CudaError(message);
    case 'MODEL':
      return new ModelError(message, { cause });
    case 'ERR_CLOSED':
      return new DisposedError('The device');
    case 'ERR_DISPOSED':
      return new DisposedError('A tensor or network');
    default:
      return new InternalError(message, cause);
  }
}

/** An exception of the addon. Errors that are typed already pass through. */
export function fromNativeError(error: unknown): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (error instanceof SamplersError || typeof code !== 'string') return error;
  return byCode(code, String(message), error);
}

/**
 * How a run ended that did not succeed.
 * @param networks Names by evaluator.
 */
export function fromFailure(
  failure: NativeFailure,
  networks: readonly string[],
  signal: AbortSignal | undefined,
): SamplersError {
  // Nobody asked for it by the signal: the device went away under the run.
  if (failure.code === 'ABORTED' && signal?.aborted !== true) return new DisposedError('The device');
  if (failure.code !== 'NUMERICAL') return byCode(failure.code, failure.message, signal?.reason);
  const { step, row, evaluator } = failure;
  const name = evaluator < 0 ? undefined : networks[evaluator];
  const what =
    name === undefined ? 'The update itself overflowed' : `The network '${name}' gave a value that is not finite`;
  const where = step < 0 ? 'before the first step' : `in step ${step}`;
  return new NumericalError(`${what} ${where}, row ${row}.`, step, row, name);
}
