/** Builds the addon with node-gyp into build-gyp/ (or --out FOLDER), from a copy: node-gyp knows no other build folder. */
'use strict';
const { spawnSync } = require('node:child_process');
const { cpSync, existsSync, mkdirSync, rmSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');
const stop = require('./stop.cjs');
const { decideCuda, jobs, missingTool } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const parts = ['binding.gyp', 'package.json', 'scripts', 'native', 'cuda'];

/** Node's own headers lie beside node where it was installed whole; else node-gyp downloads them. */
function nodeHeaders() {
  const folder = join(dirname(process.execPath), '..');
  return existsSync(join(folder, 'include', 'node', 'node_api.h')) ? [`--nodedir=${folder}`] : [];
}

/** Builds in `out`, which must lie inside the package, and returns the addon's path. */
function buildGyp(out) {
  const missing = missingTool({ cmake: false });
  if (missing) stop(`cannot build the native addon: ${missing}`);
  try {
    console.log(decideCuda().sentence);
  } catch (error) {
    stop(error.message);
  }
  mkdirSync(out, { recursive: true });
  for (const part of parts) {
    // Emptied first: a source that is gone must not stay in the copy.
    rmSync(join(out, part), { recursive: true, force: true });
    cpSync(join(root, part), join(out, part), { recursive: true, preserveTimestamps: true });
  }
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js', { paths: [root] });
  const build = spawnSync(
    process.execPath,
    [nodeGyp, 'configure', 'build', `--directory=${out}`, '--loglevel=warn', `--jobs=${jobs()}`, ...nodeHeaders()],
    { cwd: root, stdio: 'inherit' },
  );
  const addon = join(out, 'build', 'Release', 'diffusion_samplers.node');
  if (build.status !== 0 || !existsSync(addon)) {
    stop('the native addon did not build with node-gyp; the first error is in the output above');
  }
  return addon;
}

if (require.main === module) {
  const at = process.argv.indexOf('--out');
  console.log(buildGyp(resolve(at < 0 ? join(root, 'build-gyp') : process.argv[at + 1])));
}

module.exports = buildGyp;
