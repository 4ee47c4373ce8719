/** Removes everything that a build made. */
'use strict';
const { rmSync } = require('node:fs');
const { join } = require('node:path');

for (const folder of ['build', 'build-gyp', 'build-engine', 'build-variants', 'coverage', 'dist']) {
  rmSync(join(__dirname, '..', folder), { recursive: true, force: true });
}
