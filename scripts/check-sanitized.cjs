/** Builds the addon with address and undefined-behaviour sanitizers and runs the property tests on it. */
'use strict';
const { execFileSync, spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const stop = require('./stop.cjs');
const { jobs, missingTool } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const out = join(root, 'build-sanitized');
const missing = missingTool({ cmake: true });
if (missing) stop(`cannot build with sanitizers: ${missing}`);
const run = (command, args, env = process.env) =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit', env }).status === 0;

/** The sanitizers' libraries have to be there before Node starts. */
const library = (name) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
const preload = ['libasan.so', 'libubsan.so'].map(library);
const absent = preload.find((file) => !existsSync(file));
if (absent) stop(`cannot run with sanitizers: ${absent} is not there; it comes with g++`);

const flags = '-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1';
const built =
  run('cmake', [
    '-S',
    root,
    '-B',
    out,
    '-DDS_CUDA=off',
    '-DCMAKE_BUILD_TYPE=Debug',
    '-DCMAKE_CXX_FLAGS_DEBUG=-g1',
    `-DCMAKE_CXX_FLAGS=${flags}`,
    '-DDS_WERROR=OFF',
  ]) && run('cmake', ['--build', out, '--parallel', String(jobs())]);
if (!built) stop('the addon did not build with sanitizers; the first error is in the output above');

const env = {
  ...process.env,
  DIFFUSION_SAMPLERS_ADDON: join(out, 'Release', 'diffusion_samplers.node'),
  LD_PRELOAD: preload.join(' '),
  // Leaks are counted by the tests themselves, as live bytes; V8 and jest leak on purpose.
  ASAN_OPTIONS: 'detect_leaks=0:handle_segv=0:allocator_may_return_null=1',
};
// Options alone reach nothing that is native.
const usual = ['tests/property', '--testPathIgnorePatterns', 'tests/property/options'];
const tests = process.argv.length > 2 ? process.argv.slice(2) : usual;
if (!run(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...tests], env)) process.exitCode = 1;
