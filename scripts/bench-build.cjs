/** Builds engine_bench, which needs no Node, into build-bench/; run as a program, hands its arguments on to it. */
'use strict';
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');
const stop = require('./stop.cjs');
const { jobs, missingTool } = require('./toolchain.cjs');

const root = join(__dirname, '..');

/** The path of the executable, built anew where a source has changed; the one of BENCH_ENGINE as it is. */
function buildBench() {
  if (process.env.BENCH_ENGINE) return process.env.BENCH_ENGINE;
  const out = join(root, 'build-bench');
  const missing = missingTool({ cmake: true });
  if (missing) stop(`cannot build the benchmarks: ${missing}`);
  const cuda = process.env.DIFFUSION_SAMPLERS_CUDA || 'off';
  const steps = [
    ['-S', root, '-B', out, '-DDS_ADDON=OFF', '-DDS_BENCH=ON', `-DDS_CUDA=${cuda}`],
    ['--build', out, '--target', 'engine_bench', '--parallel', String(jobs())],
  ];
  for (const step of steps) {
    // Reports go to stdout, and a build is no part of them.
    const { status } = spawnSync('cmake', step, { cwd: root, stdio: ['ignore', process.stderr, 'inherit'] });
    if (status !== 0) stop('the benchmarks did not build; the first error is in the output above');
  }
  return join(out, 'engine_bench');
}

if (require.main === module) {
  const { status } = spawnSync(buildBench(), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

module.exports = buildBench;
