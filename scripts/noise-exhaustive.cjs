/** Compiles noise-exhaustive.cc and runs it: the accuracy figures of docs/noise-v1.md, in about a minute on one core. */
'use strict';
const { spawnSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const stop = require('./stop.cjs');
const { missingTool } = require('./toolchain.cjs');

const missing = missingTool({ cmake: true });
if (missing) stop(`cannot measure the noise: ${missing}`);
const folder = mkdtempSync(join(tmpdir(), 'noise-exhaustive-'));
const program = join(folder, 'noise-exhaustive');
const [compiler, ...words] = (process.env.CXX || 'c++').split(' ');
const flags = [
  '-std=c++17',
  '-O3',
  '-march=native',
  '-ffp-contract=off',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wno-uninitialized',
  '-Wno-maybe-uninitialized',
];
const source = [`-I${join(__dirname, '..', 'cuda')}`, join(__dirname, 'noise-exhaustive.cc')];
const run = (command, args) => spawnSync(command, args, { stdio: 'inherit' }).status === 0;
const done = run(compiler, [...words, ...flags, ...source, '-o', program]) && run(program, []);
rmSync(folder, { recursive: true });
if (!done) stop('the accuracy of the noise was not measured; the first error is in the output above');
