/**
 * Builds the addon into build/ (or --out FOLDER), with cmake-js where that is installed, else (or --plain) with cmake;
 * with --if-missing only when it is not there.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync, rmSync } = require('node:fs');
const { join, resolve } = require('node:path');
const stop = require('./stop.cjs');
const { decideCuda, jobs, missingTool, onPath } = require('./toolchain.cjs');

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

/** cmake-js of a clone; null in an installed package, whose other headers cmake finds by asking node. */
function cmakeJs() {
  try {
    return join(require.resolve('cmake-js/package.json', { paths: [root] }), '..', 'bin', 'cmake-js');
  } catch {
    return null;
  }
}

const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;

function buildWithCmakeJs(program, out, definitions) {
  const options = definitions.map((definition) => `--CD${definition}`);
  const generator = settleCache(out);
  const args = ['build', '--log-level', 'error', '--parallel', String(jobs()), '--out', out];
  return run(process.execPath, [program, ...args, ...generator, ...options]);
}

function buildWithCmake(out, definitions) {
  const options = ['CMAKE_BUILD_TYPE=Release', 'DS_WERROR=OFF', ...definitions].map((definition) => `-D${definition}`);
  const generator = settleCache(out).length > 0 || !onPath('ninja') ? [] : ['-G', 'Ninja'];
  return (
    run('cmake', ['-S', root, '-B', out, ...generator, ...options]) &&
    run('cmake', ['--build', out, '--target', 'diffusion_samplers', '--parallel', String(jobs())])
  );
}

/** Builds into `out` and returns the addon's path; ends the process with one sentence when it cannot. */
function buildNative(out, { plain = false } = {}) {
  const addon = join(out, 'Release', 'diffusion_samplers.node');
  const missing = missingTool({ cmake: true });
  if (missing) stop(`cannot build the native addon: ${missing}`);
  let cuda;
  try {
    cuda = decideCuda();
  } catch (error) {
    stop(error.message);
  }
  console.log(cuda.sentence);
  const definitions = [`DS_CUDA=${cuda.nvcc ? 'on' : 'off'}`];
  if (cuda.nvcc) {
    const architectures = process.env.DIFFUSION_SAMPLERS_CUDA_ARCHITECTURES || 'all-major';
    definitions.push(`CMAKE_CUDA_COMPILER=${cuda.nvcc}`, `CMAKE_CUDA_ARCHITECTURES=${architectures}`);
  }
  const program = plain ? null : cmakeJs();
  const built = program === null ? buildWithCmake(out, definitions) : buildWithCmakeJs(program, out, definitions);
  if (!built || !existsSync(addon)) {
    stop('the native addon did not build; the first error is in the output above');
  }
  return addon;
}

if (require.main === module) {
  const at = process.argv.indexOf('--out');
  const out = resolve(at < 0 ? join(root, 'build') : process.argv[at + 1]);
  const wanted = join(out, 'Release', 'diffusion_samplers.node');
  if (!(process.argv.includes('--if-missing') && existsSync(wanted)))
    buildNative(out, { plain: process.argv.includes('--plain') });
}

module.exports = buildNative;
