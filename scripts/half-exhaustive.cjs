/** Compiles half-exhaustive.cc and runs it: every conversion of float16 and bfloat16, in a minute or two on one core. */
'use strict';
const { spawnSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const stop = require('./stop.cjs');
const { missingTool } = require('./toolchain.cjs');

const missing = missingTool({ cmake: true });
if (missing) stop(`cannot check the conversions: ${missing}`);
const folder = mkdtempSync(join(tmpdir(), 'half-exhaustive-'));
const program = join(folder, 'half-exhaustive');
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
const source = [`-I${join(__dirname, '..', 'cuda')}`, join(__dirname, 'half-exhaustive.cc')];
const run = (command, args) => spawnSync(command, args, { stdio: 'inherit' }).status === 0;
const done = run(compiler, [...words, ...flags, ...source, '-o', program]) && run(program, []);
rmSync(folder, { recursive: true });
if (!done) stop('not every conversion is right, or it was not checked; the output above says which');
