/** Removes everything that a build made. */
'use strict';
const { rmSync } = require('node:fs');
const { join } = require('node:path');

const folders = [
  'build',
  'build-gyp',
  'build-engine',
  'build-nodes',
  'build-variants',
  'coverage',
  'dist',
  'prebuilds',
];

for (const folder of folders) {
  rmSync(join(__dirname, '..', folder), { recursive: true, force: true });
}
