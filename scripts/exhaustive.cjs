/** Compiles a program of scripts/ for this processor and runs it. */
'use strict';
const { spawnSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const stop = require('./stop.cjs');
const { missingTool } = require('./toolchain.cjs');

const warnings = ['-Wall', '-Wextra', '-Werror'];
// GCC's own header for AVX-512 leaves a value undefined on purpose, and warns of it.
const quiet = ['-Wno-unknown-warning-option', '-Wno-uninitialized', '-Wno-maybe-uninitialized'];

/** `what` it does and what has `failed` where it ends with a failure, for the sentence that says so. */
module.exports = function exhaustive(name, what, failed) {
  const missing = missingTool({ cmake: true });
  if (missing) stop(`cannot ${what}: ${missing}`);
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const program = join(folder, name);
  const [compiler, ...words] = (process.env.CXX || 'c++').split(' ');
  const flags = ['-std=c++17', '-O3', '-march=native', '-ffp-contract=off', ...warnings, ...quiet];
  const source = [`-I${join(__dirname, '..', 'cuda')}`, join(__dirname, `${name}.cc`)];
  const run = (command, args) => spawnSync(command, args, { stdio: 'inherit' }).status === 0;
  const done = run(compiler, [...words, ...flags, ...source, '-o', program]) && run(program, []);
  rmSync(folder, { recursive: true });
  if (!done) stop(failed);
};
