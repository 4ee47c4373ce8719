/**
 * Builds the engine with every compiler that is here (g++, clang++, and g++ for aarch64 under qemu) at -O0 to -O3, and
 * holds the hashes of what each makes, for every lane table and 1 to 64 threads, against bench/hashes.txt.
 *   --quick   g++ at -O0 and -O3 alone
 *   --record  writes what g++ at -O2 makes to bench/hashes.txt first
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const stop = require('./stop.cjs');
const { jobs, missingTool } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const table = join(root, 'bench', 'hashes.txt');
const { quick, record } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, record: { type: 'boolean', default: false } },
}).values;

const here = (program) => spawnSync(program, ['--version']).status === 0;
const ARM = 'aarch64-linux-gnu-g++';
/** Compilers, the lane tables that their processor can run, how its programs are started, and what cmake must know. */
const compilers = [
  { name: 'g++', lanes: lanesHere(), start: [], options: [] },
  { name: 'clang++', lanes: lanesHere(), start: [], options: [] },
  {
    name: ARM,
    lanes: ['scalar', 'neon'],
    start: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    options: ['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
  },
];
const levels = ['-O0', '-O1', '-O2', '-O3'];
const THREADS = [1, 2, 3, 64];

function lanesHere() {
  if (process.arch === 'arm64') return ['scalar', 'neon'];
  const flags = readFileSync('/proc/cpuinfo', 'utf8');
  return [
    'scalar',
    ...['avx2', 'avx512'].filter((name) => flags.includes(` ${name === 'avx512' ? 'avx512f' : name} `)),
  ];
}

function build({ name, options }, level) {
  const out = join(root, 'build-compilers', `${name}${level}`);
  const flags = [`-DCMAKE_CXX_COMPILER=${name}`, '-DCMAKE_BUILD_TYPE=None', `-DCMAKE_CXX_FLAGS=${level} -DNDEBUG`];
  const steps = [
    [
      '-S',
      root,
      '-B',
      out,
      '-DDS_CUDA=off',
      '-DDS_ADDON=OFF',
      '-DDS_BENCH=ON',
      '-DDS_WERROR=OFF',
      ...flags,
      ...options,
    ],
    ['--build', out, '--target', 'engine_bench', '--parallel', String(jobs())],
  ];
  for (const step of steps) {
    const { status, stdout, stderr } = spawnSync('cmake', step, { encoding: 'utf8' });
    if (status !== 0) stop(`${name} ${level} does not build the engine:\n${stdout}${stderr}`);
  }
  return join(out, 'engine_bench');
}

const lines = readFileSync(table, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.replace(/^[0-9a-f]{16} {2}/, ''));
const head = readFileSync(table, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('#'));

function hashes({ start }, program, lanes, threads) {
  const [command, ...words] = [...start, program];
  const options = ['--bits', '--lanes', lanes, '--threads', String(threads)];
  const { status, stdout, stderr } = spawnSync(command, [...words, ...options, ...lines], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) stop(`${program} with lanes ${lanes} and ${threads} threads did not run: ${stderr}`);
  return stdout.trimEnd().split('\n');
}

const missing = missingTool({ cmake: true });
if (missing) stop(`cannot build the engine: ${missing}`);
if (record) {
  const [gcc] = compilers;
  writeFileSync(table, [...head, ...hashes(gcc, build(gcc, '-O2'), 'scalar', 1), ''].join('\n'));
}
const expected = readFileSync(table, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

let [held, failed] = [0, 0];
for (const compiler of quick ? compilers.slice(0, 1) : compilers) {
  if (!here(compiler.name) || (compiler.start.length > 0 && !here(compiler.start[0]))) {
    console.log(`left out: ${[compiler.name, ...compiler.start.slice(0, 1)].join(' and ')}, which are not here`);
    continue;
  }
  for (const level of quick ? ['-O0', '-O3'] : levels) {
    const program = build(compiler, level);
    for (const lanes of compiler.lanes) {
      for (const threads of THREADS) {
        const found = hashes(compiler, program, lanes, threads);
        const wrong = expected.filter((line, i) => found[i] !== line);
        held += expected.length - wrong.length;
        failed += wrong.length;
        const end = wrong.length === 0 ? 'the same bits' : `DIFFERENT: ${wrong.join('; ')}`;
        console.log(`${compiler.name} ${level}, ${lanes}, ${threads} threads: ${end}`);
      }
    }
  }
}
console.log(`${held} hashes are those of bench/hashes.txt, ${failed} are not`);
process.exitCode = failed === 0 && held > 0 ? 0 : 1;
