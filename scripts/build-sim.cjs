/**
 * Builds the addon for the simulated CUDA device of tests/cuda-sim/, the module that steers it, and the engine's
 * executables: into build-sim/, or with --sanitized and without executables into build-sim-sanitized/. For tests alone.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');
const stop = require('./stop.cjs');
const { jobs, missingTool } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const sanitized = process.argv.includes('--sanitized');
const out = join(root, sanitized ? 'build-sim-sanitized' : 'build-sim');
const missing = missingTool({ cmake: true });
if (missing) stop(`cannot build the simulated device: ${missing}`);
const run = (args) => spawnSync('cmake', args, { cwd: root, stdio: 'inherit' }).status === 0;

const flags = '-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1';
// Compiled flag for flag as a release is, of which a compiler cache has most; but Release itself would strip the names of
// kernels, which faults are reported with.
const options = sanitized
  ? ['-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_CXX_FLAGS_DEBUG=-g1', `-DCMAKE_CXX_FLAGS=${flags}`, '-DDS_WERROR=OFF']
  : [
      '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
      '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O3 -DNDEBUG',
      '-DDS_ENGINE_TEST=ON',
      '-DDS_BENCH=ON',
    ];
const targets = sanitized ? ['--target', 'diffusion_samplers', 'cuda_sim'] : [];
const built =
  run(['-S', root, '-B', out, '-DDS_CUDA=sim', ...options]) &&
  run(['--build', out, '--parallel', String(jobs()), ...targets]);
if (!built) stop('the simulated device did not build; the first error is in the output above');
