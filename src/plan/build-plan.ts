/** From a sampler, a request and a grid to a plan: traces every step, shares programs, yields to the event loop. */
import { InvalidArgumentError } from '../errors';
import type { Request } from '../options';
import type { Samplers } from '../samplers/samplers';
import { every, type Coefficient } from '../trace/coefficient';
import { Evaluators } from '../trace/evaluators';
import { compileStep, liveEvaluations, multipleOfState, type StepResult } from './compile-step';
import { Homes } from './homes';
import { Plan, type PlanEntry, type StepProgram } from './plan';
import { traceStart, traceStep } from './trace-step';

/** Longest time that tracing holds the event loop. */
const HOLD_MS = 5;

export interface PlannedRun {
  plan: Plan;
  evaluators: Evaluators;
}

/** One step of a plan instead of all: its index, and the names of what is carried into it. */
export interface SingleStep {
  index: number;
  carried: readonly string[];
}

/** The multiple of the state that the step's first network wants to see, where it is another than 1. */
function derivedInput(step: StepResult | undefined): Coefficient | undefined {
  const first = step === undefined ? undefined : liveEvaluations(step)[0];
  const multiple = first === undefined ? undefined : multipleOfState(first.input);
  return multiple === undefined || every(multiple, (c) => c === 1) ? undefined : multiple;
}

export async function buildPlan(
  sampler: Samplers,
  request: Request,
  grid: Float64Array,
  single?: SingleStep,
): Promise<PlannedRun> {
  const evaluators = new Evaluators();
  const homes = new Homes();
  const programs = new Map<string, number>();
  const list: StepProgram[] = [];
  const entries: PlanEntry[] = [];
  const classes = request.scales.length;
  let buffers = 1;

  const add = (
    result: StepResult,
    step: number,
    entry: Coefficient | undefined,
    next: Coefficient | undefined,
  ): void => {
    const compiled = compileStep(result, homes, classes, entry, next);
    buffers = Math.max(buffers, compiled.buffers);
    const { program, numbers, times } = compiled;
    if (!numbers.every((c) => Number.isFinite(Math.fround(c)))) {
      throw new InvalidArgumentError(
        `Expected finite coefficients but ${sampler.constructor.name} gives one that is not, in step ${step} ` +
          `(t ${grid[step]} to ${grid[step + 1]}).`,
      );
    }
    const key = JSON.stringify(program);
    const known = programs.get(key);
    if (known === undefined) programs.set(key, list.push(program) - 1);
    entries.push({ program: known ?? list.length - 1, step, numbers, times });
  };

  const begin = single?.index ?? 0;
  const end = single === undefined ? grid.length - 1 : begin + 1;
  let carried = single?.carried ?? [];
  const trace = (index: number): StepResult => {
    const result = traceStep(sampler, request, grid, index, carried, evaluators);
    carried = [...result.carry.keys()];
    return result;
  };
  const start = single === undefined ? traceStart(request, grid[0] as number, evaluators) : undefined;
  // One step ahead: the pass that makes a state also makes what the next network wants to see of it.
  let current = trace(begin);
  let entryInput = start === undefined ? undefined : derivedInput(current);
  if (start !== undefined) add(start, -1, undefined, entryInput);
  let since = performance.now();
  for (let index = begin; index < end; index++) {
    const next = index + 1 < end ? trace(index + 1) : undefined;
    const nextInput = derivedInput(next);
    add(current, index, entryInput, nextInput);
    entryInput = nextInput;
    if (next !== undefined) current = next;
    if (performance.now() - since > HOLD_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      request.signal?.throwIfAborted();
      since = performance.now();
    }
  }

  const plan = new Plan({
    sampler: sampler.constructor.name,
    interfaceName: request.net.record.name,
    rows: request.rows,
    rowShape: request.rowShape,
    grid,
    slots: Array.from({ length: buffers }, () => ({ dtype: 'float32' as const, copies: 1 })),
    carries: homes.carries(),
    keptCarries: carried,
    programs: list,
    entries,
    classes,
    rowClass: request.rowClass,
    evaluators: evaluators.list.map((e, i) =>
      evaluators.list.some((o, j) => j < i && o.name === e.name) ? `${e.name}'` : e.name,
    ),
    needsState: single !== undefined || request.start !== undefined,
  });
  return { plan, evaluators };
}
