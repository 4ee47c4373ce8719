/**
 * Counts the instructions of the hot loops with valgrind and holds them against bench/instructions.json: a change of
 * more than 5 % fails. Instructions, not seconds, so that a busy machine gives the same answer. --record keeps what was
 * counted.
 */
'use strict';
const { execFile } = require('node:child_process');
const { existsSync, readFileSync, readdirSync, writeFileSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { basename, join } = require('node:path');
const buildBench = require('./bench-build.cjs');
const stop = require('./stop.cjs');
const { onPath } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const file = join(root, 'bench', 'instructions.json');
const TOLERANCE = 0.05;
const ELEMENTS = 16384;
const COUNTS = [2, 10];
/** More where all is fixed cost, beside what the heap does about a plan that is a little longer. */
const STEP_COUNTS = [10, 90];

const passes = [
  ['guided Euler', `combine inputs=3 elements=${ELEMENTS}`],
  ["guided Heun's second pass", `combine inputs=5 elements=${ELEMENTS}`],
  ['guided Euler, state and input', `combine inputs=3 outputs=2 derived=1 elements=${ELEMENTS}`],
  ['guided two-step method, state and history', `combine inputs=4 outputs=2 elements=${ELEMENTS}`],
  ['guided Euler-Maruyama', `combine inputs=3 noise=1 elements=${ELEMENTS}`],
  ['noise alone', `combine inputs=0 noise=1 elements=${ELEMENTS}`],
  ['guided Euler, float16 networks', `combine inputs=3 networks=float16 elements=${ELEMENTS}`],
  ['guided Euler, bfloat16 networks', `combine inputs=3 networks=bfloat16 elements=${ELEMENTS}`],
  ['guided Euler, 64 rows with their own numbers', `combine inputs=3 rows=64 classes=64 elements=${ELEMENTS / 64}`],
];
const programs = join('native', 'bench', 'programs');
const own = process.arch === 'x64' ? ['avx2', 'scalar'] : ['scalar'];
const cases = [
  ...own.flatMap((lanes) => passes.map(([name, line]) => ({ name, line, lanes, of: ELEMENTS, counts: COUNTS }))),
  // A step of four elements is all fixed cost: the loop, the passes, and what the step adds to its plan.
  ...readdirSync(join(root, programs)).map((program) => ({
    name: `a whole step of 4 elements, ${basename(program, '.txt')}`,
    line: `replay program=${join(programs, program)} elements=4`,
    lanes: own[0],
    of: 1,
    counts: STEP_COUNTS,
  })),
];

/** Instructions of one process that takes the line `count` times. */
function collected(bench, { line, lanes }, count) {
  const args = ['--tool=callgrind', '--callgrind-out-file=/dev/null', bench, '--lanes', lanes, '--count', count, line];
  return new Promise((resolve, reject) => {
    execFile('valgrind', args.map(String), { cwd: root }, (error, _stdout, stderr) => {
      const found = /Collected : (\d+)/.exec(stderr)?.[1];
      if (error || found === undefined) reject(new Error(`valgrind with '${line}' on ${lanes}: ${stderr}`));
      else resolve(Number(found));
    });
  });
}

/** Two counts of the same line differ by the hot loop alone. */
async function perUnit(bench, each) {
  const [few, many] = each.counts;
  const [less, more] = [await collected(bench, each, few), await collected(bench, each, many)];
  return (more - less) / ((many - few) * each.of);
}

async function countAll(bench) {
  const queue = [...cases];
  const counted = new Map();
  const work = async () => {
    for (let each = queue.shift(); each !== undefined; each = queue.shift()) {
      counted.set(`${each.lanes}: ${each.name}`, Number((await perUnit(bench, each)).toPrecision(4)));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return Object.fromEntries(cases.map(({ lanes, name }) => [`${lanes}: ${name}`, counted.get(`${lanes}: ${name}`)]));
}

function compilerOf(bench) {
  const section = readFileSync(bench).toString('latin1');
  // Every object carries the compiler that made it; the C library's own start files may be of another.
  const all = [...section.matchAll(/GCC: \([^)]*\) (\d+)\.\d+\.\d+/g)].map((m) => Number(m[1]));
  const clang = /clang version (\d+)/.exec(section)?.[1];
  return `${clang ? `clang ${clang}` : `gcc ${all.at(-1) ?? 'unknown'}`} ${process.arch}`;
}

async function main() {
  if (!onPath('valgrind')) stop('valgrind was not found; install it with: sudo apt-get install valgrind');
  const bench = buildBench();
  const compiler = compilerOf(bench);
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const counted = await countAll(bench);
  const before = known[compiler];
  const changed = [];
  for (const [name, value] of Object.entries(counted)) {
    const old = before?.[name];
    const change = old === undefined ? Infinity : value / old - 1;
    const verdict = old === undefined ? 'not recorded' : `${change >= 0 ? '+' : ''}${(change * 100).toFixed(1)} %`;
    if (!(Math.abs(change) <= TOLERANCE)) changed.push(name);
    console.log(`${name.padEnd(62)} ${String(value).padStart(8)}  ${verdict}`);
  }
  if (process.argv.includes('--record')) {
    writeFileSync(file, `${JSON.stringify({ ...known, [compiler]: counted }, null, 2)}\n`);
    console.log(`recorded for ${compiler}`);
    return;
  }
  if (changed.length === 0) return;
  console.log(`\nChanged by more than ${TOLERANCE * 100} % (${compiler}): ${changed.join('; ')}.`);
  console.log('If that is meant, keep it with: npm run bench:instructions -- --record');
  process.exitCode = 1;
}

main().catch((error) => stop(error.message));
