/** `SampleRun`: a run under way. Await it for the samples, iterate `progress()` for its steps. */
import { answerLater } from './call-site';
import { Device, enterOr } from './device';
import { AbortError, expected, InvalidArgumentError, refuseUnknownKeys } from './errors';
import { execute, rowSeeds } from './execute';
import type { NativeRun, NativeTensor } from './native';
import { holdInputs, takeStart, type Request, type TakenStart } from './options';
import { buildPlan } from './plan/build-plan';
import type { Plan } from './plan/plan';
import type { Rng } from './rng';
import type { Formula } from './samplers/step';
import { Tensor } from './tensor';

export interface Progress {
  /** Steps finished. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** D at the beginning of the step that finished last, [n, ...] flat, where it was asked for. The caller owns it. */
  readonly denoised?: Float32Array;
}

export interface ProgressOptions {
  /** Report at every n-th step and at the end (default 1). Reports that nobody waits for coalesce. */
  every?: number;
  /** With the denoised value (default false). To be asked in the same turn as `sample`. */
  denoised?: boolean;
}

/** What a run went through. The tensors belong to the caller. */
export interface Trajectory {
  /** The time grid, N + 1 times. */
  readonly times: Float64Array;
  /** The state at each of them, the start and the result included. */
  readonly states: readonly Tensor[];
  /** D at the beginning of each step, where it was asked for. */
  readonly denoised: readonly Tensor[];
}

/**
 * The promise of samples. Resolves to a tensor that the caller owns; rejects with NumericalError, ModelError,
 * OutOfMemoryError, CudaError or AbortError.
 */
export class SampleRun implements PromiseLike<Tensor> {
  private readonly promise: Promise<{ result: Tensor; trajectory: Trajectory | undefined }>;
  private readonly steps: number;
  /** While the engine has it. */
  private native: NativeRun | undefined;
  private finished = 0;
  /** The last preview, and after which step it was seen. */
  private shown: { step: number; denoised: Float32Array | undefined } = { step: 0, denoised: undefined };
  private over = false;
  /** Undefined until planning has begun and decided it. */
  private preview: boolean | undefined;
  private previewAsked = false;
  private readonly watchers = new Set<() => void>();
  private planned: Plan | undefined;

  /** @internal */
  constructor(sampler: Formula, rng: Rng, request: Request, grid: Float64Array) {
    this.steps = grid.length - 1;
    const device = request.device ?? Device.default();
    const release = holdInputs(request);
    const leave = enterOr(device, release);
    let start: TakenStart | undefined;
    try {
      start = takeStart(request, device);
    } catch (error) {
      release();
      leave();
      throw error;
    }
    const letInputsGo = (): void => {
      start?.release();
      release();
    };
    this.promise = answerLater(() => this.start(sampler, rng, request, start, grid, device, letInputsGo)).finally(
      () => {
        letInputsGo();
        leave();
        this.over = true;
        this.notify();
      },
    );
  }

  then<A = Tensor, B = never>(
    onFulfilled?: ((value: Tensor) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.promise.then(({ result }) => result).then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Tensor | B> {
    return this.then(null, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Tensor> {
    return this.then().finally(onFinally);
  }

  /** The plan, once it is made; undefined before. */
  get plan(): Plan | undefined {
    return this.planned;
  }

  /** Steps finished. */
  get step(): number {
    return this.native?.steps ?? this.finished;
  }

  /**
   * What the run went through, once it has ended; for runs with the option `trajectory`.
   * @throws InvalidArgumentError where it was not asked for; otherwise rejects as the run does.
   */
  trajectory(): Promise<Trajectory> {
    return answerLater(async () => {
      const { trajectory } = await this.promise;
      if (trajectory === undefined) {
        throw expected('to be asked for in the options of sample()', 'trajectory', undefined);
      }
      return trajectory;
    });
  }

  /** Steps as they finish. Ends with the run, also when it fails: the failure is in the promise. */
  progress(options: ProgressOptions = {}): AsyncGenerator<Progress, void, void> {
    refuseUnknownKeys(options, ['every', 'denoised'], 'progress options');
    const { every = 1, denoised = false } = options;
    if (!Number.isInteger(every) || every < 1) throw expected('a positive integer', 'every', every);
    if (typeof denoised !== 'boolean') throw expected('a boolean', 'denoised', denoised);
    if (denoised && this.preview === false) {
      throw new InvalidArgumentError('Expected `denoised` in the same turn as sample(): the run is planned already.');
    }
    this.previewAsked ||= denoised;
    // Who iterates awaits the run later; until then its failure is not unhandled.
    this.promise.catch(() => undefined);
    return this.reports(every, denoised);
  }

  private async *reports(every: number, denoised: boolean): AsyncGenerator<Progress, void, void> {
    let seen = 0;
    for (;;) {
      const step = denoised ? this.shown.step : this.step;
      const due = Math.floor(step / every) > Math.floor(seen / every) || (step === this.steps && seen < step);
      if (due) {
        seen = step;
        const report = { step, steps: this.steps };
        yield denoised ? { ...report, denoised: (this.shown.denoised as Float32Array).slice() } : report;
      } else if (this.over) {
        return;
      } else {
        await this.news();
      }
    }
  }

  /** Resolves at the end of a step, or of the run. The engine tells of no step that nobody waits for. */
  private news(): Promise<void> {
    this.native?.report();
    return new Promise((resolve) => this.watchers.add(resolve));
  }

  private notify(): void {
    this.watchers.forEach((wake) => wake());
    this.watchers.clear();
  }

  private async start(
    sampler: Formula,
    rng: Rng,
    request: Request,
    start: TakenStart | undefined,
    grid: Float64Array,
    device: Device,
    letInputsGo: () => void,
  ): Promise<{ result: Tensor; trajectory: Trajectory | undefined }> {
    const { signal } = request;
    if (signal?.aborted === true) throw new AbortError(signal.reason);
    await Promise.resolve(); // the caller may still ask for the preview
    this.preview = this.previewAsked;
    const { plan, evaluators } = await buildPlan(sampler, request, grid, { preview: this.preview });
    this.planned = plan;
    const { states, denoised } = plan.data.trajectory;
    const handles = await execute({
      device,
      plan,
      evaluators: evaluators.list,
      guideKwargs: request.gNetKwargs,
      seeds: rowSeeds(plan, rng, request),
      starts: start === undefined ? [] : [{ slot: 0, data: start.data }],
      results: [0, ...states, ...denoised],
      graph: request.graph,
      signal,
      onStarted: (run) => {
        letInputsGo();
        this.native = run;
        if (this.watchers.size > 0) run.report();
      },
      onProgress: (step, preview) => {
        if (preview !== null) this.shown = { step, denoised: preview };
        this.notify();
      },
      onEnded: (step) => {
        this.finished = step;
        this.native = undefined;
      },
    });
    const tensor = (handle: NativeTensor): Tensor => new Tensor(handle, [request.rows, ...request.rowShape], device);
    const [result, ...kept] = handles.map(tensor);
    const trajectory =
      request.trajectory === undefined
        ? undefined
        : { times: grid, states: kept.slice(0, states.length), denoised: kept.slice(states.length) };
    return { result: result as Tensor, trajectory };
  }
}
