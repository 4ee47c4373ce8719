/** Builds the addon with cmake-js into build/ (or --out FOLDER); with --if-missing only when it is not there. */
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync, rmSync } = require('node:fs');
const { join, resolve } = require('node:path');
const stop = require('./stop.cjs');
const { decideCuda, jobs, missingTool } = require('./toolchain.cjs');

const root = join(__dirname, '..');

/** CMake refuses a folder that another generator or another place of the sources has configured. */
function settleCache(out) {
  const file = join(out, 'CMakeCache.txt');
  if (!existsSync(file)) return [];
  const cache = readFileSync(file, 'utf8');
  if (/^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(cache)?.[1] !== root) {
    rmSync(out, { recursive: true });
    return [];
  }
  const generator = /^CMAKE_GENERATOR:INTERNAL=(.*)$/m.exec(cache)?.[1];
  return generator ? ['--generator', generator] : [];
}

/** Builds into `out` and returns the addon's path; ends the process with one sentence when it cannot. */
function buildNative(out) {
  const addon = join(out, 'Release', 'diffusion_samplers.node');
  let cmakeJs;
  try {
    cmakeJs = join(require.resolve('cmake-js/package.json', { paths: [root] }), '..', 'bin', 'cmake-js');
  } catch {
    if (!existsSync(addon)) {
      stop('cannot build the native addon: cmake-js is not installed; run npm ci with development dependencies');
    }
    console.log('Without development dependencies the addon cannot be built again; the one in build/ stays.');
    return addon;
  }
  const missing = missingTool({ cmake: true });
  if (missing) stop(`cannot build the native addon: ${missing}`);
  let cuda;
  try {
    cuda = decideCuda();
  } catch (error) {
    stop(error.message);
  }
  console.log(cuda.sentence);
  const options = [...settleCache(out), `--CDDS_CUDA=${cuda.nvcc ? 'on' : 'off'}`];
  if (cuda.nvcc) options.push(`--CDCMAKE_CUDA_COMPILER=${cuda.nvcc}`);
  const architectures = process.env.DIFFUSION_SAMPLERS_CUDA_ARCHITECTURES;
  if (cuda.nvcc) options.push(`--CDCMAKE_CUDA_ARCHITECTURES=${architectures || 'all-major'}`);
  const build = spawnSync(
    process.execPath,
    [cmakeJs, 'build', '--log-level', 'error', '--parallel', String(jobs()), '--out', out, ...options],
    { cwd: root, stdio: 'inherit' },
  );
  if (build.status !== 0 || !existsSync(addon)) {
    stop('the native addon did not build; the first error is in the output above');
  }
  return addon;
}

if (require.main === module) {
  const at = process.argv.indexOf('--out');
  const out = resolve(at < 0 ? join(root, 'build') : process.argv[at + 1]);
  const wanted = join(out, 'Release', 'diffusion_samplers.node');
  if (!(process.argv.includes('--if-missing') && existsSync(wanted))) buildNative(out);
}

module.exports = buildNative;
