/** From the trace of one step to its program and numbers: drops what nobody needs, places values, lays out the record. */
import { InvalidArgumentError } from '../errors';
import type { NativeCombine, NativeEvaluate } from '../native';
import type { NetworkDtypes } from '../nets/network';
import { every, ofClass, type Coefficient } from '../trace/coefficient';
import type { Evaluator } from '../trace/evaluators';
import type { Expr, Slot } from '../trace/expr';
import type { StepTrace, TracedEvaluate } from '../trace/step-trace';
import { allocate, type Homes, type Value } from './homes';
import type { SlotDtype, StepProgram } from './plan';

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
  dtype: SlotDtype;
  content: Expr | Coefficient;
}

/** What a pass leaves for the first network of the step after it: this multiple of the state. */
export interface EntryInput {
  dtype: SlotDtype;
  multiple: Coefficient;
}

/** Where an entry input waits for its step. */
export function entryHome(dtype: SlotDtype): string {
  return `input.${dtype}`;
}

export interface CompiledStep {
  program: StepProgram;
  numbers: Float64Array;
  times: Float64Array;
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

/** How the networks of an evaluation read and write, call by call. */
function dtypesOf({ trace }: StepResult, { calls }: TracedEvaluate): NetworkDtypes[] {
  return calls.map((call) => (trace.evaluators.list[call.evaluator] as Evaluator).dtypes);
}

/** What the first networks of a step want to see of its state, where that is not the state as it stands. */
export function entryInputs(result: StepResult): EntryInput[] {
  const first = liveEvaluations(result)[0];
  const multiple = first === undefined ? undefined : multipleOfState(first.input);
  if (first === undefined || multiple === undefined) return [];
  const unchanged = every(multiple, (c) => c === 1);
  const dtypes = new Set(dtypesOf(result, first).map(({ input }) => input));
  return [...dtypes].filter((d) => d !== 'float32' || !unchanged).map((dtype) => ({ dtype, multiple }));
}

/**
 * @param entry What the pass before this step left in its homes.
 * @param extras What the last pass also makes: what the next network wants to see, trajectories, a preview.
 */
export function compileStep(
  result: StepResult,
  homes: Homes,
  classes: number,
  entry: readonly EntryInput[],
  extras: readonly Extra[],
): CompiledStep {
  const values: Value[] = [];
  const newValue = (start: number, dtype: SlotDtype, buffer?: number): Value => {
    const value = { start, end: start, dtype, buffer };
    values.push(value);
    return value;
  };
  const atHome = (start: number, home: string, dtype: SlotDtype = 'float32'): Value =>
    newValue(start, dtype, homes.of(home, dtype));
  const read = (value: Value, tick: number): void => void (value.end = Math.max(value.end, tick));

  const { trace } = result;
  const ofSlot = new Map<Slot, Value>([[trace.state, atHome(-1, 'x')]]);
  for (const slot of trace.carrySlots()) ofSlot.set(slot, atHome(-1, `carry.${slot.name}`));
  for (const buffer of homes.keptBuffers()) read(newValue(-1, 'float32', buffer), ALWAYS);
  const made = entry.map(({ dtype, multiple }) => ({
    expr: trace.of(trace.state, multiple),
    value: atHome(-1, entryHome(dtype), dtype),
  }));

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

  const known = (expr: Expr, dtype: SlotDtype): Value | undefined => {
    const direct = expr.asSlot();
    const value = direct === undefined ? undefined : ofSlot.get(direct);
    if (value?.dtype === dtype) return value;
    return made.find((m) => m.value.dtype === dtype && m.expr.equals(expr))?.value;
  };
  /** The values of an expression in these dtypes; what is not there yet is made in one pass. */
  const inputs = (expr: Expr, dtypes: readonly SlotDtype[]): Map<SlotDtype, Value> => {
    const missing = dtypes.filter((dtype) => known(expr, dtype) === undefined);
    const fresh = missing.map((dtype) => ({ expr, value: newValue(writeTick.combine(drafts.length), dtype) }));
    if (fresh.length > 0) combine(fresh.map(({ value }) => ({ value, content: expr })));
    made.push(...fresh);
    return new Map(dtypes.map((dtype) => [dtype, known(expr, dtype) as Value]));
  };

  for (const evaluation of liveEvaluations(result)) {
    const dtypes = dtypesOf(result, evaluation);
    // A stage has one input, so networks that read other dtypes have a stage of their own.
    for (const [dtype, input] of inputs(evaluation.input, [...new Set(dtypes.map((d) => d.input))])) {
      const calls = evaluation.calls.filter((_, i) => dtypes[i]?.input === dtype);
      read(input, readTick.evaluate(drafts.length));
      evaluation.calls.forEach((call, i) => {
        const { input: reads, output } = dtypes[i] as NetworkDtypes;
        if (reads === dtype) ofSlot.set(call.output, newValue(writeTick.evaluate(drafts.length), output));
      });
      drafts.push({ kind: 'evaluate', input, traced: { ...evaluation, calls } });
    }
  }

  const last = writeTick.combine(drafts.length);
  // A state that does not change stays where it is, if there is another reason for the pass.
  const stays = extras.length > 0 && result.state.asSlot() === trace.state;
  const outputs: CombineOutput[] = [];
  if (stays) read(ofSlot.get(trace.state) as Value, ALWAYS);
  else outputs.push({ value: atHome(last, 'x'), content: result.state });
  for (const [name, expr] of result.carry) {
    const slot = expr.asSlot();
    if (slot?.kind === 'carry' && slot.name === name) read(ofSlot.get(slot) as Value, ALWAYS);
    else outputs.push({ value: atHome(last, `carry.${name}`), content: expr });
  }
  for (const { home, dtype, content } of extras) {
    const multiple = isCoefficient(content);
    const value = atHome(last, home, dtype);
    outputs.push({ value, content: multiple && stays ? trace.of(trace.state, content) : content });
  }
  for (const { value } of outputs) read(value, ALWAYS);
  combine(outputs);

  allocate(values, homes);
  return layOut(drafts, ofSlot, classes);
}

/** Lays coefficients, draws and times out in the record of the step, in the order of its stages. */
function layOut(drafts: Draft[], ofSlot: Map<Slot, Value>, classes: number): CompiledStep {
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
