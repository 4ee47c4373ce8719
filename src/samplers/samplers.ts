/** `Samplers`: the contract of every sampler, and the way from a call to a run. */
import { answerLater } from '../call-site';
import { expected, refuseUnknownKeys } from '../errors';
import { lengthOf } from '../given-array';
import type { InterfaceRecord } from '../interfaces/interface-record';
import type { Net } from '../interfaces/model-interface';
import { checkNet, checkRequest, type HostArray, type SampleOptions } from '../options';
import { buildPlan } from '../plan/build-plan';
import type { Plan } from '../plan/plan';
import type { Rng } from '../rng';
import { SampleRun } from '../run';
import { checkStep, runStep, type StepOptions, type StepState } from '../single-step';
import type { Tensor } from '../tensor';
import { checkGrid, checkTimeKwargs, timeGrid, type SamplingTimeDist, type SamplingTimeKwargsOf } from '../time-grid';
import type { Expr } from '../trace/expr';
import type { Step } from './step';

export interface SamplersConfig {
  /** Number of intervals N, each one step (default 32). Not with `timeGrid`. */
  numSamplingSteps?: number;
  /** How times are spread (default 'uniform'). Not with `timeGrid`. */
  samplingTimeDist?: SamplingTimeDist;
  /** Options of that distribution: see DEFAULT_SAMPLING_TIME_KWARGS. Not with `timeGrid`. */
  samplingTimeKwargs?: Partial<SamplingTimeKwargsOf[SamplingTimeDist]>;
  /** A grid of one's own: N + 1 strictly monotone times in the interface's clock. */
  timeGrid?: ArrayLike<number>;
}

const CONFIG_KEYS = ['numSamplingSteps', 'samplingTimeDist', 'samplingTimeKwargs', 'timeGrid'] as const;
const DEFAULT_STEPS = 32;
export const MAX_STEPS = 1_000_000;

/**
 * A sampler is mathematics: `forward` and `lastStep` state the update as an affine expression of the state, network
 * outputs and noise. They are traced once per step to a plan, and the plan runs as fused kernels; nothing of them runs
 * between steps. Subclass it with the formula of a paper and it is as fast as those that are built in.
 *
 * @example
 * class MidpointSampler extends Samplers {
 *   forward({ net, x, tCurr, dt }: Step): Expr {
 *     const half = x.add(net.velocity(x, tCurr).scale(dt / 2));
 *     return x.add(net.velocity(half, tCurr + dt / 2).scale(dt));
 *   }
 *   lastStep(step: Step): Expr { return eulerStep(step); }
 * }
 */
export abstract class Samplers {
  readonly numSamplingSteps: number;
  readonly samplingTimeDist: SamplingTimeDist | 'custom';
  private readonly timeKwargs: object;
  private readonly customGrid: Float64Array | undefined;

  /** @throws InvalidArgumentError naming the option. */
  constructor(config: SamplersConfig = {}) {
    if (typeof config !== 'object' || config === null) throw expected('an object', 'config', config);
    refuseUnknownKeys(config, CONFIG_KEYS, 'config');
    const { timeGrid: custom, samplingTimeDist = 'uniform', samplingTimeKwargs = {} } = config;
    if (custom !== undefined) {
      for (const key of CONFIG_KEYS.slice(0, 3)) {
        if (config[key] !== undefined) throw expected('to be absent beside `timeGrid`', key, config[key]);
      }
      const count = lengthOf(custom);
      if (count === undefined || count < 2) throw expected('an array of at least two times', 'timeGrid', custom);
      if (count > MAX_STEPS + 1) throw expected(`at most ${MAX_STEPS + 1} times`, 'timeGrid.length', count);
      this.customGrid = Float64Array.from({ length: count }, (_, i) => {
        const t: unknown = custom[i];
        if (typeof t !== 'number') throw expected('a number', `timeGrid[${i}]`, t);
        return t;
      });
    }
    const steps =
      this.customGrid === undefined ? (config.numSamplingSteps ?? DEFAULT_STEPS) : this.customGrid.length - 1;
    if (!Number.isInteger(steps) || steps < 1 || steps > MAX_STEPS) {
      throw expected(`an integer from 1 to ${MAX_STEPS}`, 'numSamplingSteps', steps);
    }
    checkTimeKwargs(samplingTimeDist, samplingTimeKwargs);
    this.numSamplingSteps = steps;
    this.samplingTimeDist = custom === undefined ? samplingTimeDist : 'custom';
    this.timeKwargs = { ...samplingTimeKwargs };
  }

  /** The update over one step, from tCurr to tNext. */
  abstract forward(step: Step): Expr;

  /** The update over the last step of the grid. */
  abstract lastStep(step: Step): Expr;

  /** Order of convergence that `forward` claims, where it claims one; the tests measure it. */
  readonly order?: number;

  /**
   * The time grid: N + 1 times in the clock of the interface.
   * @throws InvalidArgumentError where the interface cannot run on it.
   */
  sampleT(record: InterfaceRecord): Float64Array {
    if (typeof (record as Partial<InterfaceRecord> | undefined)?.range !== 'object') {
      throw expected('the record of an interface, such as `net.record`,', 'record', record);
    }
    const { numSamplingSteps: steps, samplingTimeDist: dist } = this;
    const grid = this.customGrid?.slice() ?? timeGrid(dist, steps, this.timeKwargs, record);
    checkGrid(grid, record);
    return grid;
  }

  /**
   * Draws samples. Resolves to a float32 tensor [n, ...] that the caller owns.
   *
   * @param rng Where the noise comes from: the same Rng gives the same samples.
   * @param net The net, such as `new SiTInterface(network)`.
   * @param xOrShape A shape [n, ...] for fresh noise, or values to start from: see `init`.
   * Tensors, networks and arrays given may be disposed of, and arrays reused, as soon as it returns; kwargs are read while
   * it runs, and so is a tensor: its `view()` must not be written to before the run has ended.
   * @throws InvalidArgumentError at once, naming the option. What only shows later rejects: kwargs that a network
   * refuses, coefficients that are not finite, NumericalError, ModelError, OutOfMemoryError, CudaError, AbortError.
   */
  sample(rng: Rng, net: Net, xOrShape: readonly number[] | Tensor | HostArray, options: SampleOptions = {}): SampleRun {
    const request = checkRequest(net, xOrShape, options);
    return new SampleRun(this, checkRng(rng), request, this.checkedGrid(net.record));
  }

  /** What `sample` with the same arguments would do, without doing it: evaluations, passes, bytes, coefficients. */
  plan(net: Net, xOrShape: readonly number[] | Tensor | HostArray, options: SampleOptions = {}): Promise<Plan> {
    return answerLater(async () => {
      const request = checkRequest(net, xOrShape, options);
      return (await buildPlan(this, request, this.checkedGrid(net.record))).plan;
    });
  }

  /**
   * One step of the grid, from a state that an earlier step or the caller made. N of them give the bits of `sample`.
   *
   * @param state The state before the step: a tensor, or what the step before returned.
   * @returns The state after it; the caller owns its tensors.
   */
  step(rng: Rng, net: Net, state: Tensor | StepState, options: StepOptions): Promise<StepState> {
    checkNet(net, 'net');
    const grid = this.checkedGrid(net.record);
    const request = checkStep(net, state, options, grid);
    checkRng(rng);
    return answerLater(() => runStep(this, rng, grid, request));
  }

  /** The grid of a subclass that has its own `sampleT` is checked like any other. */
  private checkedGrid(record: InterfaceRecord): Float64Array {
    const grid = Float64Array.from(this.sampleT(record));
    checkGrid(grid, record);
    return grid;
  }
}

function checkRng(rng: Rng): Rng {
  if (typeof rng !== 'object' || rng === null || typeof rng.seeds !== 'function') {
    throw expected('an Rng, such as new Rng(42)', 'rng', rng);
  }
  return rng;
}
