/** What a section of the benchmarks gives: figures for a table, and targets that they meet or miss. */
import type { Spread } from './spread';

export interface Figure {
  name: string;
  /** Unit by column; a value with a spread is shown with it. */
  values: Record<string, number | Spread | string>;
  /** Points of a plot, and the line through them. */
  series?: { unit: string; x: number[]; y: number[]; intercept: number; slope: number };
}

export interface Target {
  name: string;
  wanted: string;
  measured: number;
  unit: string;
  met: boolean;
}

export interface SectionResult {
  title: string;
  figures: Figure[];
  targets: Target[];
  /** What was not there to be measured. */
  missing: string[];
}

export interface Settings {
  quick: boolean;
  rounds: number;
  threads: number;
}

export type Section = (settings: Settings) => Promise<SectionResult>;

export function atLeast(name: string, measured: number, least: number, unit: string): Target {
  return { name, wanted: `at least ${least} ${unit}`, measured, unit, met: measured >= least };
}

export function atMost(name: string, measured: number, most: number, unit: string): Target {
  return { name, wanted: `at most ${most} ${unit}`, measured, unit, met: measured <= most };
}

function show(value: number | Spread | string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return digits(value);
  return `${digits(value.median)} (${digits(value.low)} to ${digits(value.high)})`;
}

/** Three digits that mean something, without an exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const places = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, 9));
}

/** A table in Markdown, which is readable in a terminal as well. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((w, i) => (i === 0 ? '-'.repeat(w) : `${'-'.repeat(w - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export function figureTable(figures: readonly Figure[]): string {
  const columns = [...new Set(figures.flatMap((figure) => Object.keys(figure.values)))];
  const cells = ({ values }: Figure): string[] => columns.map((c) => (values[c] === undefined ? '' : show(values[c])));
  return table(
    ['', ...columns],
    figures.map((figure) => [figure.name, ...cells(figure)]),
  );
}

export function targetTable(targets: readonly Target[]): string {
  return table(
    ['target', 'wanted', 'measured', ''],
    targets.map((t) => [t.name, t.wanted, `${digits(t.measured)} ${t.unit}`, t.met ? 'met' : 'missed']),
  );
}
