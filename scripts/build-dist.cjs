/** Compiles src/ into dist/, from nothing: a file whose source is gone must not be published. */
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const stop = require('./stop.cjs');

const root = join(__dirname, '..');
let tsc = null;
try {
  tsc = require.resolve('typescript/bin/tsc', { paths: [root] });
} catch {
  if (!existsSync(join(root, 'dist', 'index.js'))) {
    stop('cannot build dist: typescript is not installed; run npm ci with development dependencies');
  }
  console.log('Without development dependencies dist cannot be built again; the one that is there stays.');
}
if (tsc) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const build = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  if (build.status !== 0) stop('dist did not compile; the first error is in the output above');
}
