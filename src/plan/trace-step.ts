/** Runs a sampler's formula once on symbols: from a step of the grid to its trace. */
import { expected } from '../errors';
import { guidedNet, type Ask } from '../guidance';
import type { Net } from '../interfaces/model-interface';
import type { NetKwargs } from '../nets/network';
import type { Request } from '../options';
import type { Formula, Step } from '../samplers/step';
import type { Coefficient } from '../trace/coefficient';
import type { Evaluators } from '../trace/evaluators';
import { Expr } from '../trace/expr';
import { StepTrace } from '../trace/step-trace';
import type { StepResult } from './compile-step';

type Asked = Pick<Request, 'net' | 'netKwargs' | 'gNet' | 'gNetKwargs' | 'guidance'>;

/** Times that differ by less, relative to 1 or to themselves, count as the same: 0.3 is 0.30000000000000004 on a grid. */
const SAME_TIME = 1e-9;

/** w at time t: one number where all row classes agree on it. */
function scaleAt(guidance: Asked['guidance'], t: number): Coefficient {
  const slack = SAME_TIME * Math.max(1, Math.abs(t));
  const scales = Float64Array.from(guidance, ({ w, low, high }) => (t >= low - slack && t <= high + slack ? w : 1));
  return scales.every((w) => w === scales[0]) ? (scales[0] as number) : scales;
}

/**
 * Traces step `index` of `grid`.
 * @param carried Names of what the steps before it kept.
 * @param denoised Whether D at the beginning of the step is wanted too.
 */
export function traceStep(
  sampler: Formula,
  asked: Asked,
  grid: Float64Array,
  index: number,
  carried: readonly string[],
  evaluators: Evaluators,
  denoised: boolean,
): StepResult {
  const trace = new StepTrace(index, evaluators);
  const ask =
    (net: Net, kwargs: NetKwargs): Ask =>
    (kind, x, t, r) => {
      if (!(x instanceof Expr) || x.trace !== trace) throw expected('an Expr of this step', 'x', x);
      for (const time of [t, r]) if (!Number.isFinite(time)) throw expected('a finite time', 't', time);
      if (kind !== 'averageVelocity') return net[kind](x, t, kwargs);
      if (typeof net.averageVelocity !== 'function') throw expected('a flow map', 'net', net.record.name);
      return net.averageVelocity(x, t, r, kwargs);
    };
  const guide = asked.gNet === undefined ? undefined : ask(asked.gNet, asked.gNetKwargs);
  const [tCurr, tNext] = [grid[index] as number, grid[index + 1] as number];
  const carry = Object.create(null) as Record<string, Expr | undefined>;
  for (const name of carried) carry[name] = trace.carry(name);
  const step: Step = {
    net: guidedNet(ask(asked.net, asked.netKwargs), guide, (t) => scaleAt(asked.guidance, t)),
    path: asked.net.record.path,
    x: trace.of(trace.state),
    tCurr,
    tNext,
    dt: tNext - tCurr,
    dtPrev: index === 0 ? undefined : tCurr - (grid[index - 1] as number),
    index,
    count: grid.length - 1,
    carry,
    noise: () => trace.noise(),
  };
  const last = index === grid.length - 2;
  const state = last ? sampler.lastStep(step) : sampler.forward(step);
  const method = `${sampler.constructor.name}.${last ? 'lastStep' : 'forward'}`;
  const kept = Object.entries(carry).filter((e): e is [string, Expr] => e[1] !== undefined);
  for (const [name, expr] of [[`result of ${method}`, state], ...kept] as [string, unknown][]) {
    if (!(expr instanceof Expr) || expr.trace !== trace) throw expected('an Expr of this step', name, expr);
  }
  return { trace, state, carry: new Map(kept), denoised: denoised ? step.net.denoised(step.x, tCurr) : undefined };
}

/** The start: what stands before the first step, or undefined where a state is taken as it is and not recorded. */
export function traceStart(
  { init, start, net, trajectory }: Pick<Request, 'init' | 'start' | 'net' | 'trajectory'>,
  t0: number,
  evaluators: Evaluators,
): StepResult | undefined {
  const none = { carry: new Map<string, Expr>(), denoised: undefined };
  if (init === 'state') {
    if (trajectory === undefined) return undefined;
    const trace = new StepTrace(-1, evaluators);
    return { trace, state: trace.of(trace.state), ...none };
  }
  const { a, s } = net.record.path;
  if (!(s(t0) > 0)) {
    throw expected('a first time with noise, s(t0) > 0', `timeGrid[0] with init '${init}'`, t0);
  }
  const trace = new StepTrace(-1, evaluators);
  const given = trace.of(trace.state);
  if (init === 'clean') return { trace, state: given.scale(a(t0)).add(trace.noise().scale(s(t0))), ...none };
  const unit = start === undefined ? trace.noise() : given;
  return { trace, state: unit.scale(s(t0)), ...none };
}
