/** Removes everything that a build made. */
'use strict';
const { readdirSync, rmSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const made = (name) => /^build(-.*)?$/.test(name) || ['coverage', 'dist', 'prebuilds'].includes(name);

for (const folder of readdirSync(root).filter(made)) rmSync(join(root, folder), { recursive: true, force: true });
