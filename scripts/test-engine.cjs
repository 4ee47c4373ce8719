/** Builds engine_test, which needs no Node, into build-engine/ and runs it; arguments go on to it. */
'use strict';
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');
const stop = require('./stop.cjs');
const { jobs, missingTool } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const out = join(root, 'build-engine');
const missing = missingTool({ cmake: true });
if (missing) stop(`cannot build the engine's test: ${missing}`);
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
// The formulas are the same text for both compilers, so the host's is enough here unless CUDA is asked for.
const cuda = process.env.DIFFUSION_SAMPLERS_CUDA || 'off';
const built =
  run('cmake', ['-S', root, '-B', out, '-DDS_ADDON=OFF', '-DDS_ENGINE_TEST=ON', `-DDS_CUDA=${cuda}`]) &&
  run('cmake', ['--build', out, '--target', 'engine_test', '--parallel', String(jobs())]);
if (!built) stop("the engine's test did not build; the first error is in the output above");
if (!run(join(out, 'engine_test'), process.argv.slice(2))) process.exitCode = 1;
