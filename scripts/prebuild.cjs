/** Puts the addon of this platform where `npm pack` takes it, prebuilds/<platform>-<arch>/; --remove takes it away. */
'use strict';
const { copyFileSync, mkdirSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const buildNative = require('./build-native.cjs');

const root = join(__dirname, '..');
const prebuilds = join(root, 'prebuilds');

// Emptied first: the package holds what this source built, and nothing older.
rmSync(prebuilds, { recursive: true, force: true });
if (!process.argv.includes('--remove')) {
  const folder = join(prebuilds, `${process.platform}-${process.arch}`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(buildNative(join(root, 'build')), join(folder, 'diffusion_samplers.node'));
}
