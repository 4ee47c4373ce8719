/** From the trace of one step to its program and numbers: drops what nobody needs, places values, lays out the record. */
import { InvalidArgumentError } from '../errors';
import type { NativeCombine, NativeEvaluate } from '../native';
import { every, ofClass, type Coefficient } from '../trace/coefficient';
import type { Expr, Slot } from '../trace/expr';
import type { StepTrace, TracedEvaluate } from '../trace/step-trace';
import { allocate, type Homes, type Value } from './homes';
import type { StepProgram } from './plan';

/** Limits of the combine kernel (kMaxTerms, kMaxOutputs). */
const MAX_TERMS = 16;
const MAX_OUTPUTS = 8;

/** What a step leaves behind. */
export interface StepResult {
  trace: StepTrace;
  state: Expr;
  /** Values kept for later steps; an Expr that is the carry itself stays where it is. */
  carry: ReadonlyMap<string, Expr>;
  /** D at the beginning of the step, where it is wanted. */
  denoised: Expr | undefined;
}

/** A further output of the last pass: an expression, or a multiple of the new state. */
export interface Extra {
  home: string;
  content: Expr | Coefficient;
}

export interface CompiledStep {
  program: StepProgram;
  numbers: Float64Array;
  times: Float64Array;
  buffers: number;
}

interface CombineOutput {
  value: Value;
  /** The expression, or for a derived output the multiple of output 0. */
  content: Expr | Coefficient;
}
type Draft = { kind: 'combine'; outputs: CombineOutput[] } | { kind: 'evaluate'; input: Value; traced: TracedEvaluate };

const ALWAYS = Number.POSITIVE_INFINITY;
/** Ticks of stage i: a pass reads at 4i and writes from 4i+1, so it may write in place; a network's output may not. */
const readTick = { combine: (i: number) => 4 * i, evaluate: (i: number) => 4 * i + 2 };
const writeTick = { combine: (i: number) => 4 * i + 1, evaluate: (i: number) => 4 * i };

function isCoefficient(content: Expr | Coefficient): content is Coefficient {
  return typeof content === 'number' || content instanceof Float64Array;
}

/** Terms that matter to some row; never empty. */
function liveTerms(expr: Expr): [Slot, Coefficient][] {
  const all = expr.ordered();
  const live = all.filter(([, c]) => !every(c, (value) => value === 0));
  return live.length > 0 ? live : all.slice(0, 1);
}

/** The multiple c where an expression is exactly c·state: such an input can be derived in the pass that made the state. */
export function multipleOfState(expr: Expr): Coefficient | undefined {
  const [only, ...rest] = expr.ordered();
  return only !== undefined && rest.length === 0 && only[0].kind === 'state' ? only[1] : undefined;
}

/** Evaluations whose output reaches a result; calls nobody reads are dropped. */
export function liveEvaluations(result: StepResult): TracedEvaluate[] {
  const needed = new Set<Slot>();
  const need = (expr: Expr): void => liveTerms(expr).forEach(([slot]) => needed.add(slot));
  [result.state, ...result.carry.values(), ...(result.denoised === undefined ? [] : [result.denoised])].forEach(need);
  const live: TracedEvaluate[] = [];
  for (const evaluation of [...result.trace.evaluations].reverse()) {
    const calls = evaluation.calls.filter((call) => needed.has(call.output));
    if (calls.length === 0) continue;
    need(evaluation.input);
    live.unshift({ ...evaluation, calls });
  }
  return live;
}

/**
 * @param entryInput The multiple of the state that the pass before this step left in the home 'input', if it did.
 * @param extras What the last pass also makes: what the next network wants to see, trajectories, a preview.
 */
export function compileStep(
  result: StepResult,
  homes: Homes,
  classes: number,
  entryInput: Coefficient | undefined,
  extras: readonly Extra[],
): CompiledStep {
  const values: Value[] = [];
  const newValue = (start: number, buffer?: number): Value => {
    const value = { start, end: start, buffer };
    values.push(value);
    return value;
  };
  const read = (value: Value, tick: number): void => void (value.end = Math.max(value.end, tick));

  const { trace } = result;
  const ofSlot = new Map<Slot, Value>([[trace.state, newValue(-1, homes.of('x'))]]);
  for (const slot of trace.carrySlots()) ofSlot.set(slot, newValue(-1, homes.of(`carry.${slot.name}`)));
  for (const buffer of homes.keptBuffers()) read(newValue(-1, buffer), ALWAYS);
  const made: { expr: Expr; value: Value }[] = [];
  if (entryInput !== undefined) {
    made.push({ expr: trace.of(trace.state, entryInput), value: newValue(-1, homes.of('input')) });
  }

  const drafts: Draft[] = [];
  const combine = (outputs: CombineOutput[]): void => {
    const tick = readTick.combine(drafts.length);
    for (const { content } of outputs) {
      if (isCoefficient(content)) continue;
      for (const [slot] of liveTerms(content)) {
        if (slot.kind !== 'noise') read(ofSlot.get(slot) as Value, tick);
      }
    }
    drafts.push({ kind: 'combine', outputs });
  };

  for (const traced of liveEvaluations(result)) {
    const direct = traced.input.asSlot();
    let input = direct === undefined ? made.find((m) => m.expr.equals(traced.input))?.value : ofSlot.get(direct);
    if (input === undefined) {
      input = newValue(writeTick.combine(drafts.length));
      combine([{ value: input, content: traced.input }]);
      made.push({ expr: traced.input, value: input });
    }
    read(input, readTick.evaluate(drafts.length));
    for (const call of traced.calls) ofSlot.set(call.output, newValue(writeTick.evaluate(drafts.length)));
    drafts.push({ kind: 'evaluate', input, traced });
  }

  const last = writeTick.combine(drafts.length);
  // A state that does not change stays where it is, if there is another reason for the pass.
  const stays = extras.length > 0 && result.state.asSlot() === trace.state;
  const outputs: CombineOutput[] = [];
  if (stays) read(ofSlot.get(trace.state) as Value, ALWAYS);
  else outputs.push({ value: newValue(last, homes.of('x')), content: result.state });
  for (const [name, expr] of result.carry) {
    const slot = expr.asSlot();
    if (slot?.kind === 'carry' && slot.name === name) read(ofSlot.get(slot) as Value, ALWAYS);
    else outputs.push({ value: newValue(last, homes.of(`carry.${name}`)), content: expr });
  }
  for (const { home, content } of extras) {
    const multiple = isCoefficient(content);
    const value = newValue(last, homes.of(home));
    outputs.push({ value, content: multiple && stays ? trace.of(trace.state, content) : content });
  }
  for (const { value } of outputs) read(value, ALWAYS);
  combine(outputs);

  const buffers = allocate(values);
  return { ...layOut(drafts, ofSlot, classes), buffers };
}

/** Lays coefficients, draws and times out in the record of the step, in the order of its stages. */
function layOut(drafts: Draft[], ofSlot: Map<Slot, Value>, classes: number): Omit<CompiledStep, 'buffers'> {
  const words: Coefficient[] = [];
  const drawWords: number[] = [];
  const times: number[] = [];
  const buffer = (value: Value): number => value.buffer as number;

  const layEvaluate = ({ input, traced }: Extract<Draft, { kind: 'evaluate' }>): NativeEvaluate => {
    const time = times.push(traced.time) - 1;
    const secondTime = traced.secondTime === undefined ? -1 : times.push(traced.secondTime) - 1;
    const calls = traced.calls.map((c) => ({ evaluator: c.evaluator, output: buffer(ofSlot.get(c.output) as Value) }));
    return { kind: 'evaluate', input: buffer(input), time, secondTime, calls };
  };

  const layCombine = ({ outputs }: Extract<Draft, { kind: 'combine' }>): NativeCombine => {
    const exprs = outputs.map((o) => o.content).filter((c): c is Expr => !isCoefficient(c));
    const slots = [...new Set(exprs.flatMap((e) => liveTerms(e).map(([slot]) => slot)))].sort((a, b) => a.id - b.id);
    if (slots.length > MAX_TERMS || outputs.length > MAX_OUTPUTS) {
      throw new InvalidArgumentError(
        `Expected at most ${MAX_TERMS} terms and ${MAX_OUTPUTS} results in one update of a sampler but received ` +
          `${slots.length} and ${outputs.length}. Keep fewer values in \`step.carry\`.`,
      );
    }
    const firstWord = words.length;
    for (const { content } of outputs) {
      if (isCoefficient(content)) words.push(content);
      else slots.forEach((slot) => words.push(content.terms.get(slot) ?? 0));
    }
    const terms = slots.map((slot) => {
      if (slot.kind !== 'noise') return { slot: buffer(ofSlot.get(slot) as Value), evaluator: slot.evaluator };
      drawWords.push(words.length);
      return { draw: words.push(slot.draw) - 1 };
    });
    return {
      kind: 'combine',
      firstWord,
      terms,
      outputs: outputs.map((o) => ({ slot: buffer(o.value), derived: isCoefficient(o.content) })),
    };
  };

  const stages = drafts.map((draft) => (draft.kind === 'evaluate' ? layEvaluate(draft) : layCombine(draft)));
  const numbers = new Float64Array(classes * words.length);
  for (let c = 0; c < classes; c++) words.forEach((w, i) => (numbers[c * words.length + i] = ofClass(w, c)));
  return {
    program: { words: words.length, times: times.length, stages, drawWords },
    numbers,
    times: Float64Array.from({ length: times.length * classes }, (_, i) => times[Math.floor(i / classes)] as number),
  };
}
