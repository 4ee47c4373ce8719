/** Runs a sampler's formula once on symbols: from a step of the grid to its trace. */
import { expected } from '../errors';
import { guidedNet } from '../guidance';
import type { Net } from '../interfaces/model-interface';
import type { NetKwargs } from '../nets/network';
import type { Request } from '../options';
import type { Samplers } from '../samplers/samplers';
import type { Step } from '../samplers/step';
import type { Evaluators } from '../trace/evaluators';
import { Expr } from '../trace/expr';
import { StepTrace } from '../trace/step-trace';
import type { Prediction } from '../interfaces/interface-record';
import type { StepResult } from './compile-step';

type Asked = Pick<Request, 'net' | 'netKwargs' | 'gNet' | 'gNetKwargs' | 'scales'>;

/** Traces step `index` of `grid`; `carried` names what the steps before it kept. */
export function traceStep(
  sampler: Samplers,
  asked: Asked,
  grid: Float64Array,
  index: number,
  carried: readonly string[],
  evaluators: Evaluators,
): StepResult {
  const trace = new StepTrace(index, evaluators);
  const ask = (net: Net, kwargs: NetKwargs) => (kind: Prediction, x: Expr, t: number) => {
    if (!(x instanceof Expr) || x.trace !== trace) throw expected('an Expr of this step', 'x', x);
    if (!Number.isFinite(t)) throw expected('a finite time', 't', t);
    return net[kind](x, t, kwargs);
  };
  const guide = asked.gNet === undefined ? undefined : ask(asked.gNet, asked.gNetKwargs);
  const w = asked.scales.length === 1 ? (asked.scales[0] as number) : asked.scales;
  const [tCurr, tNext] = [grid[index] as number, grid[index + 1] as number];
  const carry: Record<string, Expr | undefined> = {};
  for (const name of carried) carry[name] = trace.carry(name);
  const step: Step = {
    net: guidedNet(ask(asked.net, asked.netKwargs), guide, w),
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
  return { trace, state, carry: new Map(kept) };
}

/** The start: what stands before the first step, or undefined where the given state is taken as it is. */
export function traceStart(
  { init, start, net }: Pick<Request, 'init' | 'start' | 'net'>,
  t0: number,
  evaluators: Evaluators,
): StepResult | undefined {
  if (init === 'state') return undefined;
  const { a, s } = net.record.path;
  if (!(s(t0) > 0)) {
    throw expected('a first time with noise, s(t0) > 0', `timeGrid[0] with init '${init}'`, t0);
  }
  const trace = new StepTrace(-1, evaluators);
  const given = trace.of(trace.state);
  if (init === 'clean') return { trace, state: given.scale(a(t0)).add(trace.noise().scale(s(t0))), carry: new Map() };
  const unit = start === undefined ? trace.noise() : given;
  return { trace, state: unit.scale(s(t0)), carry: new Map() };
}
