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

/** Stands for an evaluator where none is to blame. */
const GIVEN_STATE = -2;

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
  if (evaluator === GIVEN_STATE) {
    return new NumericalError(`The state that the run started from is not finite, row ${row}.`, step, row, undefined);
  }
  const where = `${step < 0 ? 'before the first step' : `in step ${step}`}, row ${row}`;
  if (name === undefined) {
    const hint = 'Look at the time grid and at the guidance scale: float32 ends at 3.4e38, float16 at 65504.';
    return new NumericalError(`The update itself overflowed ${where}.`, step, row, undefined, hint);
  }
  const hint = 'Look at what it gives at that time; what a JavaScript network leaves unwritten in `out` is not finite.';
  return new NumericalError(`The network '${name}' gave a value that is not finite ${where}.`, step, row, name, hint);
}
