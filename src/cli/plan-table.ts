/** A plan for people: totals, then the grid with costs and updates step by step. */
import type { Plan, PlanEntry } from '../plan/plan';
import { bytes, coordinate, count, counted } from './figures';
import { pairs, table, type Column } from './table';

const COLUMNS: readonly Column[] = [
  { title: 'step', align: 'right' },
  { title: 't' },
  { title: 't next' },
  { title: 'evaluations', align: 'right' },
  { title: 'passes', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'stages' },
];

function entryRows(plan: Plan, entry: PlanEntry): string[][] {
  const { grid } = plan.data;
  const { evaluations, passes, bytes: moved } = plan.costOf(entry);
  const time = (index: number): string => coordinate(grid[index] as number);
  const isStart = entry.step < 0;
  const place = isStart ? ['start', '', time(0)] : [String(entry.step), time(entry.step), time(entry.step + 1)];
  const [first = '', ...rest] = plan.describe(entry);
  return [
    [...place, String(evaluations), String(passes), bytes(moved), first],
    ...rest.map((stage) => ['', '', '', '', '', '', stage]),
  ];
}

/** Lines with a final newline. b0 is the state, z(i) the noise of draw i; coefficients are those of row class 0. */
export function planText(plan: Plan): string {
  const { sampler, interfaceName, rows, rowShape, slots, programs, evaluators, entries } = plan.data;
  const head = pairs([
    ['sampler', `${sampler} on ${interfaceName}, ${counted(plan.steps, 'step')}`],
    ['samples', `${count(rows)} × [${rowShape.join(', ')}]`],
    ['networks', evaluators.join(', ')],
    ['evaluations', count(plan.evaluations)],
    ['passes', `${count(plan.passes)}, ${bytes(plan.bytes)} read and written`],
    ['workspace', `${bytes(plan.workspaceBytes)} in ${counted(slots.length, 'buffer')}`],
    ['programs', `${programs.length} different shapes of a step, the start's included`],
  ]);
  const steps = table(
    COLUMNS,
    entries.flatMap((entry) => entryRows(plan, entry)),
  );
  return `${[...head, '', ...steps].join('\n')}\n`;
}
