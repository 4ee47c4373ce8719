/** What the build says about the kernels: nvcc, the architectures that it builds for, and the flags of every source. */
'use strict';
const { spawnSync } = require('node:child_process');
const { mkdirSync, readFileSync, readdirSync } = require('node:fs');
const { basename, join } = require('node:path');
const stop = require('./stop.cjs');
const { findNvcc } = require('./toolchain.cjs');

const root = join(__dirname, '..');

/** nvcc, or null after saying plainly why the step is skipped. */
function nvccOrSkip(step) {
  const { nvcc, reason } = findNvcc();
  if (!nvcc) console.log(`${step}: skipped, ${reason}`);
  return nvcc ?? null;
}

/** The numbers that nvcc makes of all-major, which is what CMakeLists.txt builds for: [75, 80, 90, ...]. */
function architectures(nvcc) {
  const answer = spawnSync(nvcc, ['-arch=all-major', '--dryrun', '-c', '-x', 'cu', '/dev/null', '-o', '/dev/null'], {
    encoding: 'utf8',
  });
  const numbers = [...`${answer.stderr}${answer.stdout}`.matchAll(/-arch[= ]"?sm_(\d+)/g)].map((found) =>
    Number(found[1]),
  );
  if (numbers.length === 0) stop(`nvcc does not say what all-major stands for: ${answer.stderr.trim()}`);
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Configures the engine with CUDA into `out` and answers the compile commands of the sources with kernels. */
function kernelCommands(out) {
  mkdirSync(out, { recursive: true });
  const configured = spawnSync('cmake', ['-S', root, '-B', out, '-DDS_ADDON=OFF', '-DDS_CUDA=on'], {
    encoding: 'utf8',
  });
  if (configured.status !== 0) stop(`cmake did not configure: ${configured.stderr.trim()}`);
  const kernels = readdirSync(join(root, 'cuda')).filter(
    (name) => name.endsWith('.cu') && readFileSync(join(root, 'cuda', name), 'utf8').includes('__global__'),
  );
  return JSON.parse(readFileSync(join(out, 'compile_commands.json'), 'utf8'))
    .filter((entry) => entry.file.startsWith(join(root, 'cuda')) && kernels.includes(basename(entry.file)))
    .map((entry) => ({
      name: basename(entry.file, '.cu'),
      source: entry.file,
      folder: entry.directory,
      flags: flagsOf(entry.command),
    }));
}

/** The words of a command that say how to compile, not what, where to and for which architectures. */
function flagsOf(command) {
  const words = command.split(/\s+/).slice(1);
  const flags = [];
  for (let i = 0; i < words.length; ++i) {
    if (['-o', '-c', '-x', '-MF', '-MT'].includes(words[i])) i += 1;
    else if (words[i] !== '-MD' && !/^(-arch=|--generate-code)/.test(words[i]))
      flags.push(words[i].replaceAll('"', ''));
  }
  return flags;
}

module.exports = { architectures, kernelCommands, nvccOrSkip };
