/**
 * Checks the package on a GPU: builds, runs the engine's tests and compute-sanitizer (bench/gpu/check.sh, which needs no
 * Node), compares bits of CPU and GPU through the addon, and runs the suite on the device, where a test that is skipped
 * is a failure.
 *   --simulated  the same on the simulated device of tests/cuda-sim/, which needs no GPU
 *   --carried    takes dist/, build/ and build-gpu/ as they are and builds nothing; without jest the suite is left out
 *   --suite PATTERN  only these files of the suite
 * Exit status: 0 all held, 1 something did not, 3 there is no GPU (or no way to build for one), so nothing was checked.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { parseArgs } = require('node:util');
const everyTestRan = require('./every-test-ran.cjs');
const { findNvcc } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const NOTHING_CHECKED = 3;
const { simulated, carried, suite } = parseArgs({
  options: {
    simulated: { type: 'boolean', default: false },
    carried: { type: 'boolean', default: false },
    suite: { type: 'string', default: '' },
  },
}).values;

const simFolder = resolve(root, process.env.CUDA_SIM_BUILD ?? 'build-sim', 'Release');
const addon = simulated
  ? join(simFolder, 'diffusion_samplers.node')
  : (process.env.DIFFUSION_SAMPLERS_ADDON ?? join(root, 'build', 'Release', 'diffusion_samplers.node'));
const env = { ...process.env, DIFFUSION_SAMPLERS_ADDON: addon };
const passed = [...(simulated ? ['--simulated'] : []), ...(carried ? ['--carried'] : [])];

const results = [];
function step(name, work) {
  console.log(`\n=== ${name}`);
  const held = work();
  results.push([name, held]);
  return held;
}
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit', env }).status;

function endWithoutGpu(sentence) {
  console.log(`check:gpu: ${sentence}`);
  console.log('Nothing was checked. `npm run check:gpu -- --simulated` runs the same on a simulated device.');
  process.exit(NOTHING_CHECKED);
}

/** Asks the addon, in a process of its own, as one that is there may be about to be built again. */
function requireGpu() {
  const ask = `console.log(JSON.stringify(require(${JSON.stringify(addon)}).cuda()))`;
  const { status, stdout } = spawnSync(process.execPath, ['-e', ask], { encoding: 'utf8', env });
  if (status !== 0) return;
  const { built, code, reason, remedy } = JSON.parse(stdout);
  if (built && code !== 0 && reason) endWithoutGpu(`there is no GPU to run on: ${reason}. ${remedy}`);
}

/** Runs jest on the device; a test that did not run has failed. */
function runSuite() {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  if (!existsSync(jest)) {
    console.log('jest is not here: the suite needs node_modules');
    return carried ? 'left out' : false;
  }
  const folder = mkdtempSync(join(tmpdir(), 'check-gpu-'));
  try {
    const report = join(folder, 'report.json');
    const config = simulated ? 'jest.sim.config.ts' : 'jest.gpu.config.ts';
    const files = suite === '' ? [] : ['--testPathPatterns', suite];
    const status = run(process.execPath, [jest, '--config', config, ...files, '--json', '--outputFile', report]);
    return everyTestRan(JSON.parse(readFileSync(report, 'utf8'))) && status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (!simulated) {
  const { nvcc, reason } = findNvcc();
  if (existsSync(addon)) requireGpu();
  if (!nvcc && !carried) endWithoutGpu(`nothing can be built for a GPU: ${reason}`);
}
if (!carried) {
  const build = simulated ? [['build-sim.cjs']] : [['build-native.cjs']];
  for (const script of [...build, ['build-dist.cjs']]) {
    const built = step(script[0], () => run(process.execPath, [join(__dirname, script[0])]) === 0);
    if (!built) process.exit(1);
  }
  if (!simulated) requireGpu();
}
let engine;
step('the engine, without Node', () => {
  engine = run('bash', [join(root, 'bench', 'gpu', 'check.sh'), ...passed]);
  return engine === 0;
});
if (engine === NOTHING_CHECKED) endWithoutGpu('the engine found nothing to run on; its sentence stands above');
step('bits through the addon', () => run(process.execPath, [join(root, 'bench', 'gpu', 'bits.cjs')]) === 0);
step('the suite', runSuite);

console.log('');
for (const [name, held] of results) console.log(`${held === true ? 'ok      ' : held || 'FAILED  '} ${name}`);
const all = results.every(([, held]) => held !== false);
console.log(`check:gpu: ${all ? 'all held' : 'failed'}${simulated ? ' (on the simulated device)' : ''}`);
process.exitCode = all ? 0 : 1;
