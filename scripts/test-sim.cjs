/**
 * Builds the simulated CUDA device and runs the tests on it; what follows `--` goes to jest. --sanitized does so with
 * address and undefined-behaviour sanitizers, and runs the contract suite, the tests of runs and those of the addon's border.
 */
'use strict';
const { execFileSync, spawnSync } = require('node:child_process');
const { join } = require('node:path');

const root = join(__dirname, '..');
const sanitized = process.argv.includes('--sanitized');
const at = process.argv.indexOf('--');
const asked = at < 0 ? [] : process.argv.slice(at + 1);
const run = (args, env = process.env) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status === 0;

const build = [join(__dirname, 'build-sim.cjs'), ...(sanitized ? ['--sanitized'] : [])];
/** The sanitizers' libraries have to be there before Node starts. */
const library = (name) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
const env = sanitized
  ? {
      ...process.env,
      CUDA_SIM_BUILD: join(root, 'build-sim-sanitized'),
      LD_PRELOAD: ['libasan.so', 'libubsan.so'].map(library).join(' '),
      // Leaks are counted by the tests themselves; V8 and jest leak on purpose.
      ASAN_OPTIONS: 'detect_leaks=0:handle_segv=0:allocator_may_return_null=1',
    }
  : process.env;
const tests =
  sanitized && asked.length === 0
    ? ['tests/samplers/contract', 'tests/run', 'tests/graph', 'tests/property/addon']
    : asked;
const jest = [join(root, 'node_modules/jest/bin/jest.js'), '--config', 'jest.sim.config.ts', ...tests];
if (!run(build) || !run(jest, env)) process.exitCode = 1;
