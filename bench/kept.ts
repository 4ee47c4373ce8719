/** What one run of a section left behind; the sections of one file may come from different runs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './engine';
import type { Circumstances } from './machine';
import type { SectionResult } from './section';

export interface Kept extends SectionResult {
  circumstances: Circumstances;
  /** How many processors other programs used meanwhile. */
  others?: number | undefined;
  seconds: number;
  quick: boolean;
}

type Results = Record<string, Kept>;

/** Every run is kept beside the build. Returns the file. */
export function keep(results: Results, commit: string): string {
  const folder = join(ROOT, 'build-bench', 'results');
  mkdirSync(folder, { recursive: true });
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const file = join(folder, `${stamp}-${commit}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return file;
}

/** What docs/benchmarks.md shows: sections replace those of earlier runs. Returns the file. */
export function record(results: Results, order: readonly string[]): string {
  const file = join(ROOT, 'bench', 'results.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : {};
  const all: Results = { ...before, ...results };
  const sorted = Object.fromEntries(order.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
  return file;
}
