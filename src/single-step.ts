/** One step of a sampler on its own: state in, state out, the same bits as inside `sample`. */
import { Device } from './device';
import { expected } from './errors';
import { execute } from './execute';
import type { Net } from './interfaces/model-interface';
import type { NativeTensor } from './native';
import { checkRequest, type SampleOptions } from './options';
import { buildPlan } from './plan/build-plan';
import type { Rng } from './rng';
import { stateStart } from './run';
import type { Samplers } from './samplers/samplers';
import { Tensor } from './tensor';

export interface StepOptions extends Omit<SampleOptions, 'init'> {
  /** Which step of the sampler's grid, from 0. */
  index: number;
}

/** A state between steps. Its tensors belong to the caller. */
export interface StepState {
  readonly x: Tensor;
  /** What the sampler keeps for its next steps, by name. */
  readonly carry: Readonly<Record<string, Tensor>>;
}

export function checkStepOptions(state: unknown, options: unknown): void {
  if (typeof options !== 'object' || options === null) throw expected('an object', 'options', options);
  const x = state instanceof Tensor ? state : (state as Partial<StepState> | null)?.x;
  if (!(x instanceof Tensor)) throw expected('a Tensor, or what the step before returned', 'state', state);
}

export async function runStep(
  sampler: Samplers,
  rng: Rng,
  net: Net,
  state: Tensor | StepState,
  { index, ...options }: StepOptions,
): Promise<StepState> {
  const { x, carry } = state instanceof Tensor ? { x: state, carry: {} } : state;
  const request = checkRequest(net, x, { ...options, init: 'state' });
  const grid = sampler.sampleT(net.record);
  if (!Number.isInteger(index) || index < 0 || index >= grid.length - 1) {
    throw expected(`an integer from 0 to ${grid.length - 2}`, 'index', index);
  }
  const device = request.device ?? Device.default();
  const { plan, evaluators } = await buildPlan(sampler, request, grid, { index, carried: Object.keys(carry) });
  const home = (name: string): number => plan.data.carries[name] as number;
  const kept = plan.data.keptCarries;
  const results = await execute({
    device,
    plan,
    evaluators: evaluators.list,
    seeds: rng.seeds(request.rows, request.offset),
    starts: [stateStart(x), ...Object.entries(carry).map(([name, t]) => ({ slot: home(name), data: t.native }))],
    results: [0, ...kept.map(home)],
    signal: request.signal,
  });
  const [state1, ...carried] = results.map((handle: NativeTensor) => new Tensor(handle, x.shape, device));
  return { x: state1 as Tensor, carry: Object.fromEntries(kept.map((name, i) => [name, carried[i] as Tensor])) };
}
