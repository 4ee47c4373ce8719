/**
 * `npm run bench`: every section, or those that --filter names; prints tables and keeps the figures with commit and
 * machine. --quick is shorter and rougher, --json prints JSON alone, --record keeps the figures for docs/benchmarks.md.
 */
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './engine';
import { keep, record, type Kept } from './kept';
import { circumstances } from './machine';
import { isBusy, watchOthers } from './others';
import { figureTable, targetTable, type Section, type Settings } from './section';
import { combine } from './sections/combine';
import { growth } from './sections/growth';
import { jobs } from './sections/jobs';
import { loop } from './sections/loop';
import { noise } from './sections/noise';
import { peers } from './sections/peers';
import { tracing } from './sections/tracing';

const SECTIONS: Record<string, Section> = { combine, noise, peers, loop, tracing, jobs, growth };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      filter: { type: 'string', default: '' },
      threads: { type: 'string', default: String(availableParallelism()) },
    },
  });
  const names = Object.keys(SECTIONS).filter((name) => new RegExp(values.filter).test(name));
  if (names.length === 0) throw new Error(`--filter: none of ${Object.keys(SECTIONS).join(', ')} matches`);
  const settings: Settings = { quick: values.quick, rounds: values.quick ? 3 : 7, threads: Number(values.threads) };
  const say = (text: string): void => void (values.json || process.stdout.write(`${text}\n`));

  const about = circumstances();
  say(`commit ${about.commit} (${about.changed} files changed), ${about.cpu}, ${about.cores} cores`);
  const results: Record<string, Kept> = {};
  for (const name of names) {
    const begin = performance.now();
    const othersSince = watchOthers(about.cores);
    const result = await (SECTIONS[name] as Section)(settings);
    const seconds = Math.round((performance.now() - begin) / 1e3);
    const others = othersSince();
    results[name] = { ...result, circumstances: circumstances(), others, seconds, quick: values.quick };
    // At once, so that what comes later can be interrupted.
    if (values.record) record({ [name]: results[name] }, Object.keys(SECTIONS));
    say(`\n## ${result.title} (${seconds} s)\n\n${figureTable(result.figures)}\n`);
    if (isBusy(others)) say(`Other programs used ${others} processors: these figures are not to be relied on.\n`);
    if (result.targets.length > 0) say(targetTable(result.targets));
    result.missing.forEach((reason) => say(`missing: ${reason}`));
  }
  say(`\nkept in ${relative(ROOT, keep(results, about.commit))}`);
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
}

// Until it has come to its end: a promise that nothing settles any more would let the process end in silence.
process.exitCode = 1;
main().then(
  () => (process.exitCode = 0),
  (error: unknown) => process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`),
);
