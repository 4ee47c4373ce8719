/** One step of a sampler on its own: state in, state out, the same bits as inside `sample`. */
import { Device, enterOr } from './device';
import { expected } from './errors';
import { execute, rowSeeds } from './execute';
import type { Net } from './interfaces/model-interface';
import { checkRequest, holdInputs, type Request, type SampleOptions } from './options';
import { buildPlan } from './plan/build-plan';
import type { Rng } from './rng';
import type { Formula } from './samplers/step';
import { Tensor } from './tensor';

export interface StepOptions extends Omit<SampleOptions, 'init' | 'transfer' | 'trajectory'> {
  /** Which step of the sampler's grid, from 0. */
  index: number;
}

/** A state between steps. Its tensors belong to the caller. */
export interface StepState {
  readonly x: Tensor;
  /** What the sampler keeps for its next steps, by name. */
  readonly carry: Readonly<Record<string, Tensor>>;
}

/** A step that was validated. */
export interface StepRequest {
  readonly request: Request;
  readonly x: Tensor;
  readonly carry: Readonly<Record<string, Tensor>>;
  readonly index: number;
}

/** @throws InvalidArgumentError naming the option; nothing was allocated or run. */
export function checkStep(net: Net, state: unknown, options: StepOptions, grid: Float64Array): StepRequest {
  if (typeof options !== 'object' || options === null) throw expected('an object', 'options', options);
  for (const key of ['init', 'transfer', 'trajectory']) {
    if (key in options) throw expected('to be absent in a single step', key, options[key as keyof StepOptions]);
  }
  const { x, carry } = state instanceof Tensor ? { x: state, carry: {} } : ((state ?? {}) as Partial<StepState>);
  if (!(x instanceof Tensor)) throw expected('a Tensor, or what the step before returned', 'state', state);
  if (typeof carry !== 'object' || carry === null) throw expected('tensors by name', 'state.carry', carry);
  for (const [name, tensor] of Object.entries(carry) as [string, unknown][]) {
    const fits = tensor instanceof Tensor && tensor.device === x.device && tensor.shape.join() === x.shape.join();
    if (!fits) throw expected(`a Tensor of shape [${x.shape.join(', ')}] beside x`, `state.carry.${name}`, tensor);
  }
  const { index, ...rest } = options;
  if (!Number.isInteger(index) || index < 0 || index >= grid.length - 1) {
    throw expected(`an integer from 0 to ${grid.length - 2}`, 'index', index);
  }
  return { request: checkRequest(net, x, { ...rest, init: 'state' }), x, carry, index };
}

export async function runStep(
  sampler: Formula,
  rng: Rng,
  grid: Float64Array,
  { request, x, carry, index }: StepRequest,
): Promise<StepState> {
  const device = request.device ?? Device.default();
  const release = holdInputs(request, Object.values(carry));
  const leave = enterOr(device, release);
  try {
    const given = Object.entries(carry).map(([name, tensor]) => [name, tensor.handle.get()] as const);
    const state = { slot: 0, data: x.handle.get() };
    const single = { index, carried: Object.keys(carry) };
    const { plan, evaluators } = await buildPlan(sampler, request, grid, { single });
    const home = (name: string): number => plan.data.carries[name] as number;
    const kept = plan.data.keptCarries;
    const results = await execute({
      device,
      plan,
      evaluators: evaluators.list,
      guideKwargs: request.gNetKwargs,
      seeds: rowSeeds(plan, rng, request),
      starts: [state, ...given.map(([name, data]) => ({ slot: home(name), data }))],
      results: [0, ...kept.map(home)],
      graph: request.graph,
      signal: request.signal,
      onStarted: release,
    });
    const [after, ...carried] = results.map((handle) => new Tensor(handle, x.shape, device));
    return { x: after as Tensor, carry: Object.fromEntries(kept.map((name, i) => [name, carried[i] as Tensor])) };
  } finally {
    release();
    leave();
  }
}
