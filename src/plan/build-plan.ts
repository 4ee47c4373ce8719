/** From a sampler, a request and a grid to a plan: traces every step, shares programs, yields to the event loop. */
import { InvalidArgumentError } from '../errors';
import type { Request } from '../options';
import type { Formula } from '../samplers/step';
import { Evaluators } from '../trace/evaluators';
import { nextTurn, turnIsOver } from '../turns';
import { compileStep, entryHome, entryInputs, type EntryInput, type Extra, type StepResult } from './compile-step';
import { Homes } from './homes';
import { Plan, type PlanEntry, type StepProgram } from './plan';
import { traceStart, traceStep } from './trace-step';

export interface PlannedRun {
  plan: Plan;
  evaluators: Evaluators;
}

/** One step of a plan instead of all: its index, and the names of what is carried into it. */
export interface SingleStep {
  index: number;
  carried: readonly string[];
}

export interface PlanOptions {
  single?: SingleStep;
  /** Whether the denoised value of each step is made for `progress`. */
  preview?: boolean;
}

export async function buildPlan(
  sampler: Formula,
  request: Request,
  grid: Float64Array,
  { single, preview = false }: PlanOptions = {},
): Promise<PlannedRun> {
  const evaluators = new Evaluators();
  const homes = new Homes();
  const programs = new ProgramList();
  const entries: PlanEntry[] = [];
  const classes = request.guidance.length;
  const trajectory = { states: [] as number[], denoised: [] as number[] };
  const wanted = request.trajectory;
  const wantsDenoised = preview || wanted?.denoised === true;

  const keep = (home: string, list: number[], content: Extra['content'], kept: string[]): Extra => {
    kept.push(home);
    list.push(homes.of(home));
    return { home, dtype: 'float32', content };
  };
  const add = (result: StepResult, step: number, entry: readonly EntryInput[], next: readonly EntryInput[]): void => {
    const extras: Extra[] = next.map(({ dtype, multiple }) => ({ home: entryHome(dtype), dtype, content: multiple }));
    const kept: string[] = [];
    if (wanted !== undefined) extras.push(keep(`state ${step + 1}`, trajectory.states, 1, kept));
    if (result.denoised !== undefined && preview) {
      extras.push({ home: 'preview', dtype: 'float32', content: result.denoised });
    }
    if (result.denoised !== undefined && wanted?.denoised === true) {
      extras.push(keep(`denoised ${step}`, trajectory.denoised, result.denoised, kept));
    }
    const compiled = compileStep(result, homes, classes, entry, extras);
    kept.forEach((home) => homes.keep(home));
    const { program, numbers, times } = compiled;
    if (!numbers.every((c) => Number.isFinite(Math.fround(c)))) {
      throw new InvalidArgumentError(
        `Expected finite coefficients but ${sampler.constructor.name} gives one that is not, in step ${step} ` +
          `(t ${grid[step]} to ${grid[step + 1]}).`,
      );
    }
    entries.push({ program: programs.idOf(program), step, numbers, times });
  };

  if (turnIsOver()) await nextTurn(request.signal);
  const begin = single?.index ?? 0;
  const end = single === undefined ? grid.length - 1 : begin + 1;
  let carried = single?.carried ?? [];
  const trace = (index: number): StepResult => {
    const result = traceStep(sampler, request, grid, index, carried, evaluators, wantsDenoised);
    carried = [...result.carry.keys()];
    return result;
  };
  const start = single === undefined ? traceStart(request, grid[0] as number, evaluators) : undefined;
  // One step ahead: the pass that makes a state also makes what the next network wants to see of it.
  let current = trace(begin);
  let entry = start === undefined ? [] : entryInputs(current);
  if (start !== undefined) add(start, -1, [], entry);
  for (let index = begin; index < end; index++) {
    const next = index + 1 < end ? trace(index + 1) : undefined;
    const nextEntry = next === undefined ? [] : entryInputs(next);
    add(current, index, entry, nextEntry);
    entry = nextEntry;
    if (next !== undefined) current = next;
    if (turnIsOver()) await nextTurn(request.signal);
  }

  const plan = new Plan({
    sampler: sampler.constructor.name,
    interfaceName: request.net.record.name,
    rows: request.rows,
    rowShape: request.rowShape,
    grid,
    slots: homes.dtypes.map((dtype) => ({ dtype, copies: 1 })),
    carries: homes.carries(),
    keptCarries: carried,
    programs: programs.list,
    entries,
    classes,
    rowClass: request.rowClass,
    evaluators: evaluators.list.map((e) => e.name),
    preview: preview ? homes.of('preview') : -1,
    trajectory,
    needsState: single !== undefined || request.start !== undefined,
  });
  return { plan, evaluators };
}

/** Step programs, each shape once. */
class ProgramList {
  readonly list: StepProgram[] = [];
  private readonly known = new Map<string, number>();

  idOf(program: StepProgram): number {
    const key = JSON.stringify(program);
    const id = this.known.get(key) ?? this.list.push(program) - 1;
    this.known.set(key, id);
    return id;
  }
}
