/**
 * Writes the measured part of docs/benchmarks.md and its plot from bench/results.json and bench/instructions.json.
 * Fails where a target is missed for which bench/reasons.json has no reason.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kept } from '../bench/kept';
import { isBusy } from '../bench/others';
import { growthPlot } from '../bench/plot';
import { digits, figureTable, table, targetTable } from '../bench/section';

const ROOT = join(__dirname, '..');
const PAGE = join(ROOT, 'docs', 'benchmarks.md');
const PLOT = 'benchmarks-growth.svg';
const [BEGIN, END] = ['<!-- measured: written by npm run docs:benchmarks -->', '<!-- end of what is measured -->'];

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(ROOT, 'bench', name), 'utf8')) as T;
}

function about({ circumstances: c, others, quick, seconds }: Kept): string {
  const changed = c.changed > 0 ? `, ${c.changed} files changed` : '';
  const busy = isBusy(others) ? ' **The machine was busy: to be measured again.**' : '';
  const used = others === undefined ? '' : `; others used ${others} processors`;
  return (
    `Commit ${c.commit}${changed}; ${c.date}; ${c.cpu}, ${c.cores} cores, ${c.memoryGb} GB, ${c.platform}, ` +
    `Node ${c.node}${used}; ${quick ? 'quick, ' : ''}${seconds} s.${busy}`
  );
}

function section(kept: Kept): string[] {
  const parts = [`### ${kept.title}`, about(kept), figureTable(kept.figures)];
  if (kept.figures.some((figure) => figure.series !== undefined)) {
    writeFileSync(join(ROOT, 'docs', PLOT), growthPlot(kept.figures));
    parts.push(`![Time against size, rows, history and steps, with the lines through the points](${PLOT})`);
  }
  if (kept.targets.length > 0) parts.push(targetTable(kept.targets));
  if (kept.missing.length > 0) parts.push(`Not measured: ${kept.missing.join('; ')}.`);
  return parts;
}

/** Reasons by a part of the target's name; the longest part that fits counts. */
function missedList(results: readonly Kept[], reasons: Readonly<Record<string, string>>): string[] {
  const missed = results.flatMap(({ targets }) => targets.filter((target) => !target.met));
  if (missed.length === 0) return ['Every target is met.'];
  const byReason = new Map<string, string[]>();
  for (const target of missed) {
    const known = Object.keys(reasons).filter((part) => target.name.includes(part));
    const reason = reasons[known.sort((a, b) => b.length - a.length)[0] ?? ''] ?? '';
    const line = `**${target.name}** (${digits(target.measured)} ${target.unit}; wanted ${target.wanted})`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), line]);
  }
  const unexplained = byReason.get('');
  if (unexplained !== undefined) {
    process.stderr.write(`No reason in bench/reasons.json for: ${unexplained.join('; ')}\n`);
    process.exitCode = 1;
  }
  return [[...byReason].map(([reason, lines]) => `- ${lines.join('; ')}: ${reason}`).join('\n')];
}

function instructions(): string[] {
  const byCompiler = readJson<Record<string, Record<string, number>>>('instructions.json');
  const compilers = Object.keys(byCompiler);
  const names = [...new Set(compilers.flatMap((compiler) => Object.keys(byCompiler[compiler] ?? {})))];
  const cell = (compiler: string, name: string): string => {
    const value = byCompiler[compiler]?.[name];
    return value === undefined ? '' : digits(value);
  };
  return [
    '### Instructions',
    'Per element, or per step where it says so; counted by callgrind.',
    table(
      ['', ...compilers],
      names.map((name) => [name, ...compilers.map((compiler) => cell(compiler, name))]),
    ),
  ];
}

const results = Object.values(readJson<Record<string, Kept>>('results.json'));
const reasons = readJson<Record<string, string>>('reasons.json');
const measured = [
  '### Targets that are missed',
  ...missedList(results, reasons),
  ...results.flatMap(section),
  ...instructions(),
].join('\n\n');
const page = readFileSync(PAGE, 'utf8');
const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost its marks`);
writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n\n${measured}\n\n${page.slice(end)}`);
spawnSync(process.execPath, [require.resolve('prettier/bin/prettier.cjs'), '--write', PAGE], { stdio: 'inherit' });
