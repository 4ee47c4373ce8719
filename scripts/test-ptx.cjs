/**
 * Builds ptx_test into build-ptx/ and runs the kernels on the PTX that nvcc emits for the oldest and the newest
 * architecture of the build, then the contract suite on that of the oldest, on the simulated device; with --all both on
 * each. Needs nvcc, no GPU.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { readdirSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const { architectures, nvccOrSkip } = require('./kernel-build.cjs');
const stop = require('./stop.cjs');
const { jobs, missingTool } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const out = join(root, 'build-ptx');
const run = (command, args, env = process.env) =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit', env }).status === 0;

function main() {
  const nvcc = nvccOrSkip('test:ptx');
  if (!nvcc) return;
  const missing = missingTool({ cmake: true });
  if (missing) stop(`cannot build the test of the PTX: ${missing}`);
  const known = architectures(nvcc);
  const all = process.argv.includes('--all');
  const chosen = all ? known : [...new Set([known.at(0), known.at(-1)])];
  const numbers = chosen.join(';');
  const built =
    run('cmake', ['-S', join(root, 'tests', 'ptx'), '-B', out, `-DDS_PTX_ARCHITECTURES=${numbers}`]) &&
    run('cmake', ['--build', out, '--target', 'ptx_test', '--parallel', String(jobs())]);
  if (!built) stop('the test of the PTX did not build; the first error is in the output above');
  const kept = join(out, 'ptx');
  const texts = readdirSync(kept)
    .filter((name) => /\.compute_\d+\.ptx$/.test(name))
    .map((name) => join(kept, name));
  if (!run(join(out, 'ptx_test'), texts)) process.exitCode = 1;

  if (!run(process.execPath, [join(__dirname, 'build-sim.cjs')])) stop('there is no simulated device to run PTX on');
  const jest = [join(root, 'node_modules/jest/bin/jest.js'), '--config', 'jest.ptx.config.ts'];
  for (const number of all ? known : known.slice(0, 1)) {
    const files = texts.filter((name) => name.endsWith(`.compute_${number}.ptx`));
    console.log(`the contract suite on the PTX of compute_${number}`);
    if (!run(process.execPath, jest, { ...process.env, CUDA_SIM_PTX: files.join(delimiter) })) process.exitCode = 1;
  }
}

main();
