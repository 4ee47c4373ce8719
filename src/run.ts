/** `SampleRun`: a run under way. Await it for the samples, iterate `progress()` for its steps. */
import { Device } from './device';
import { AbortError } from './errors';
import { execute } from './execute';
import type { NativeStart, NativeTensor } from './native';
import type { HostArray, Request } from './options';
import { buildPlan } from './plan/build-plan';
import type { Plan } from './plan/plan';
import type { Rng } from './rng';
import type { Samplers } from './samplers/samplers';
import { Tensor } from './tensor';
import { expected, refuseUnknownKeys } from './errors';

export interface Progress {
  /** Steps finished. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
}

export interface ProgressOptions {
  /** Report at every n-th step and at the end (default 1). Reports that nobody waits for coalesce. */
  every?: number;
}

/** What fills buffer 0. */
export function stateStart(start: Tensor | HostArray): NativeStart {
  return { slot: 0, data: start instanceof Tensor ? start.native : start.data };
}

/**
 * The promise of samples. Resolves to a tensor that the caller owns; rejects with NumericalError, ModelError,
 * OutOfMemoryError, CudaError or AbortError.
 */
export class SampleRun implements PromiseLike<Tensor> {
  private readonly promise: Promise<Tensor>;
  private readonly steps: number;
  private finished = 0;
  private over = false;
  private readonly watchers = new Set<() => void>();
  private planned: Plan | undefined;

  /** @internal */
  constructor(sampler: Samplers, rng: Rng, request: Request, grid: Float64Array) {
    this.steps = grid.length - 1;
    this.promise = this.start(sampler, rng, request, grid).finally(() => {
      this.over = true;
      this.notify();
    });
  }

  then<A = Tensor, B = never>(
    onFulfilled?: ((value: Tensor) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.promise.then(onFulfilled, onRejected);
  }

  /** The plan, once it is made; undefined before. */
  get plan(): Plan | undefined {
    return this.planned;
  }

  /** Steps finished, as far as the event loop has heard. */
  get step(): number {
    return this.finished;
  }

  /** Steps as they finish. Ends with the run, also when it fails: the failure is in the promise. */
  async *progress(options: ProgressOptions = {}): AsyncGenerator<Progress, void, void> {
    refuseUnknownKeys(options, ['every'], 'progress options');
    const { every = 1 } = options;
    if (!Number.isInteger(every) || every < 1) throw expected('a positive integer', 'every', every);
    let seen = 0;
    while (!this.over || seen < this.finished) {
      const due =
        Math.floor(this.finished / every) > Math.floor(seen / every) ||
        (this.finished === this.steps && seen < this.finished);
      if (due) {
        seen = this.finished;
        yield { step: seen, steps: this.steps };
      } else if (this.over) {
        return;
      } else {
        await new Promise<void>((resolve) => this.watchers.add(resolve));
      }
    }
  }

  private notify(): void {
    this.watchers.forEach((wake) => wake());
    this.watchers.clear();
  }

  private async start(sampler: Samplers, rng: Rng, request: Request, grid: Float64Array): Promise<Tensor> {
    const { signal, start } = request;
    if (signal?.aborted === true) throw new AbortError(signal.reason);
    const device = request.device ?? Device.default();
    const { plan, evaluators } = await buildPlan(sampler, request, grid);
    this.planned = plan;
    const [result] = await execute({
      device,
      plan,
      evaluators: evaluators.list,
      seeds: rng.seeds(request.rows, request.offset),
      starts: start === undefined ? [] : [stateStart(start)],
      results: [0],
      signal,
      onProgress: (step) => {
        this.finished = step;
        this.notify();
      },
    });
    return new Tensor(result as NativeTensor, [request.rows, ...request.rowShape], device);
  }
}
