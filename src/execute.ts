/** Hands a plan to the engine, answers for JavaScript networks while it runs, and turns failures into typed errors. */
import { types } from 'node:util';
import type { Device } from './device';
import { AbortError, describeThrown, expected, ModelError } from './errors';
import type { NativeEvaluator, NativePlan, NativeRun, NativeStart, NativeTensor, RunHandlers } from './native';
import { fromFailure, fromNativeError } from './native-error';
import type { NetKwargs, NetworkCall } from './nets/network';
import { lower, lowerNumbers } from './plan/lower';
import type { Request } from './options';
import type { Plan } from './plan/plan';
import type { Rng } from './rng';
import type { Evaluator } from './trace/evaluators';

export interface Execution {
  device: Device;
  plan: Plan;
  evaluators: readonly Evaluator[];
  /** The guide's conditioning, which errors call by another name. */
  guideKwargs: NetKwargs;
  seeds: BigUint64Array;
  starts: NativeStart[];
  /** Buffers to hand out. */
  results: number[];
  graph: boolean;
  signal: AbortSignal | undefined;
  /** The engine holds by itself what it was given. */
  onStarted?: (run: NativeRun) => void;
  /** Steps finished so far, and the denoised preview where the plan makes one: where the run was asked to report. */
  onProgress?: (step: number, preview: Float32Array | null) => void;
  /** With so many steps finished. */
  onEnded?: (steps: number) => void;
}

function bind({ network, kwargs }: Evaluator, { plan, device, guideKwargs }: Execution): NativeEvaluator {
  if (typeof network === 'function') return { network: null, ports: null, inputs: {} };
  if (network.device !== device) {
    throw expected(`a network on the run's device (${device.name})`, network.name, network.device);
  }
  const option = kwargs === guideKwargs ? 'gNetKwargs' : 'netKwargs';
  return network.bind(plan.data.rows, plan.data.rowShape, kwargs, option);
}

/** Runs a plan to its end. @throws the typed errors of `Samplers.sample`. */
export async function execute(execution: Execution): Promise<NativeTensor[]> {
  const { device, plan, evaluators, signal } = execution;
  const numbers = await lowerNumbers(plan, signal);
  // From here to the start of the run there is one turn, in which nothing can be aborted, disposed of or changed.
  if (signal?.aborted === true) throw new AbortError(signal.reason);
  const bound = evaluators.map((evaluator) => bind(evaluator, execution));
  const lowered: NativePlan = lower(plan, numbers, execution.seeds, bound, execution.results, execution.graph);
  const shape = [plan.data.rows, ...plan.data.rowShape];
  let failed: ModelError | undefined;

  return new Promise<NativeTensor[]>((resolve, reject) => {
    let over = false;
    const onAbort = (): void => run.cancel();
    const answer = async ({ evaluator, ...arrays }: DueCall): Promise<void> => {
      const { out } = arrays;
      const { network, kwargs, name } = evaluators[evaluator] as Evaluator;
      try {
        const call: NetworkCall = { ...arrays, cond: kwargs, shape, signal };
        out.fill(Number.NaN); // so that what a network forgets to write is found out
        const given = await (network as (call: NetworkCall) => unknown)(call);
        if (over) return;
        if (given !== undefined && given !== out) fill(out, given, name);
        run.resume();
      } catch (cause) {
        if (over) return;
        if (signal?.aborted !== true) {
          const message = `The network '${name}' failed in step ${run.steps ?? 0}: ${describeThrown(cause)}`;
          failed ??= new ModelError(message, { cause });
        }
        run.cancel();
      }
    };
    const run = startRun(device, lowered, execution.starts, {
      network: (evaluator, x, t, r, out) => void answer({ evaluator, x, t, r: r ?? undefined, out }),
      progress: (step, preview) => execution.onProgress?.(step, preview),
      done: (failure, results, steps) => {
        over = true;
        execution.onEnded?.(steps);
        signal?.removeEventListener('abort', onAbort);
        if (failed !== undefined) reject(failed);
        else if (failure !== null) reject(fromFailure(failure, plan.data.evaluators, signal));
        else resolve(results as NativeTensor[]);
      },
    });
    execution.onStarted?.(run);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Seeds of the rows; zeros where no pass draws noise, as they are never read then. */
export function rowSeeds(plan: Plan, rng: Rng, { seeds, rows, offset }: Request): BigUint64Array {
  const draws = plan.data.programs.some((program) => program.drawWords.length > 0);
  return seeds ?? (draws ? rng.seeds(rows, offset) : new BigUint64Array(rows));
}

/** What a JavaScript network is asked. */
interface DueCall extends Pick<NetworkCall, 'x' | 't' | 'r' | 'out'> {
  evaluator: number;
}

function startRun(device: Device, plan: NativePlan, starts: NativeStart[], handlers: RunHandlers): NativeRun {
  try {
    return device.native.startRun(plan, starts, handlers);
  } catch (error) {
    throw fromNativeError(error);
  }
}

function fill(out: Float32Array, given: unknown, name: string): void {
  if (!types.isFloat32Array(given) || given.length !== out.length) {
    throw expected(
      `a Float32Array of ${out.length} values, or nothing after filling \`out\``,
      `result of ${name}`,
      given,
    );
  }
  out.set(given);
}
