/** The step programs of samplers as text, through the real trace: what native/bench/ replays without Node. */
import {
  EDMInterface,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  MeanFlowInterface,
  type Samplers,
  SiTInterface,
  type Net,
  type Plan,
  type PlanEntry,
  type StepProgram,
} from '../src/index';
import { Ab2Sampler } from '../tests/support/own-samplers';

const STEPS = 8;

const nothing = (): void => undefined;
const guide = (): void => undefined;
const steps = { numSamplingSteps: STEPS };
const edm = { ...steps, samplingTimeDist: 'exp' as const };
// The default diffusion coefficient has no value where there is noise alone.
const sde = { ...steps, samplingTimeKwargs: { tStart: 0.99 } };
const sit = new SiTInterface(nothing);
const guidedBy = (gNet: Net): { gNet: Net; guidanceScale: number } => ({ gNet, guidanceScale: 2 });
const onSit = guidedBy(new SiTInterface(guide));

const PROGRAMS: { name: string; sampler: Samplers; net: Net; options?: ReturnType<typeof guidedBy> }[] = [
  { name: 'euler', sampler: new EulerSampler(steps), net: sit },
  { name: 'euler-guided', sampler: new EulerSampler(steps), net: sit, options: onSit },
  { name: 'heun', sampler: new HeunSampler(steps), net: sit },
  { name: 'heun-guided', sampler: new HeunSampler(steps), net: sit, options: onSit },
  { name: 'euler-maruyama', sampler: new EulerMaruyamaSampler(sde), net: sit },
  { name: 'euler-maruyama-guided', sampler: new EulerMaruyamaSampler(sde), net: sit, options: onSit },
  { name: 'euler-jump', sampler: new EulerJumpSampler(steps), net: new MeanFlowInterface(nothing) },
  { name: 'ab2-guided', sampler: new Ab2Sampler(steps), net: sit, options: onSit },
  {
    name: 'euler-edm-guided',
    sampler: new EulerSampler(edm),
    net: new EDMInterface(nothing),
    options: guidedBy(new EDMInterface(guide)),
  },
];

const numbers = (values: ArrayLike<number>): string =>
  Array.from(values, (value) => String(Number(Math.fround(value).toPrecision(9)))).join(' ');

function programLines({ words, times, stages }: StepProgram): string[] {
  const lines = stages.map((stage) => {
    if (stage.kind === 'evaluate') {
      const calls = stage.calls.map((call) => `${call.evaluator}>${call.output}`);
      return `  evaluate ${stage.input} ${stage.time} ${stage.secondTime} ${calls.join(' ')}`;
    }
    const terms = stage.terms.map((t) => ('draw' in t ? `z@${t.draw}` : `b${t.slot}/${t.evaluator}`));
    const outputs = stage.outputs.map((o) => `${o.derived ? '*' : ''}b${o.slot}`);
    return `  combine ${stage.firstWord} ${terms.join(' ')} = ${outputs.join(' ')}`;
  });
  return [`program ${words} ${times}`, ...lines];
}

function entryLine(role: string, entry: PlanEntry, program: StepProgram): string {
  const words = Array.from(entry.numbers, (value, i) =>
    program.drawWords.includes(i) ? `#${value}` : numbers([value]),
  );
  return [role, entry.program, ...words, ':', numbers(entry.times)].join(' ').trimEnd();
}

/** The step that is repeated is one whose neighbours on both sides share its program. */
function text(name: string, plan: Plan): string {
  const { programs, entries, slots, evaluators } = plan.data;
  const middle = 1 + STEPS / 2;
  const repeated = (entries[middle] as PlanEntry).program;
  if (entries[middle - 1]?.program !== repeated || entries[middle + 1]?.program !== repeated) {
    throw new Error(`${name} has no step that repeats`);
  }
  const first = entries.findIndex((e) => e.program === repeated && e.step >= 0);
  const after = entries.findLastIndex((e) => e.program === repeated) + 1;
  const lines = entries.flatMap((entry, i) => {
    if (i >= first && i < after && i !== middle) return [];
    const role = entry.step < 0 ? 'start' : i < first ? 'before' : i === middle ? 'middle' : 'after';
    return [entryLine(role, entry, programs[entry.program] as StepProgram)];
  });
  return [
    `# ${name}: ${plan.data.sampler} on ${plan.data.interfaceName}. Written by scripts/bench-programs.ts.`,
    `slots ${slots.map((slot) => slot.dtype).join(' ')}`,
    `evaluators ${evaluators.length}`,
    ...programs.flatMap(programLines),
    ...lines,
    '',
  ].join('\n');
}

/** Texts by name. */
export async function programTexts(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const { name, sampler, net, options } of PROGRAMS) {
    texts.set(name, text(name, await sampler.plan(net, [2, 4], options)));
  }
  return texts;
}
