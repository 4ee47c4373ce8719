/** What there is to build with: the C++ tools that every build needs, and nvcc if it is there. */
'use strict';
const { spawnSync } = require('node:child_process');
const { accessSync, constants, existsSync, statSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { delimiter, join } = require('node:path');

const choices = ['auto', 'on', 'off'];

function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      continue;
    }
  }
  return null;
}

/** The remedy in one line, for the package manager that is there. */
function remedy(debian, fedora, mac) {
  if (process.platform === 'darwin') return mac;
  if (onPath('dnf')) return `sudo dnf install ${fedora}`;
  return `sudo apt-get install ${debian}`;
}

/** Null, or one sentence that says what is missing and how to get it. `cmake` is not needed by node-gyp, Python is. */
function missingTool({ cmake }) {
  const compiler = process.env.CXX?.split(' ')[0] ?? 'g++';
  if (!onPath(compiler) && !existsSync(compiler) && (process.env.CXX || (!onPath('c++') && !onPath('clang++')))) {
    return `no C++ compiler was found (looked for ${process.env.CXX ? `CXX=${compiler}` : 'g++, c++ and clang++ on PATH'}); install one with: ${remedy('g++', 'gcc-c++', 'xcode-select --install')}`;
  }
  if (cmake && !onPath('cmake')) {
    return `CMake was not found on PATH (3.22 or newer is needed); install it with: ${remedy('cmake', 'cmake', 'brew install cmake')}`;
  }
  if (!onPath('make') && !(cmake && onPath('ninja'))) {
    return `make was not found on PATH; install it with: ${remedy('make', 'make', 'xcode-select --install')}`;
  }
  if (!cmake && !onPath('python3') && !onPath('python')) {
    return `Python 3, which node-gyp runs on, was not found on PATH; install it with: ${remedy('python3', 'python3', 'brew install python')}`;
  }
  return null;
}

/** DIFFUSION_SAMPLERS_CUDA, checked. */
function cudaChoice() {
  const choice = (process.env.DIFFUSION_SAMPLERS_CUDA || 'auto').toLowerCase();
  if (!choices.includes(choice)) {
    throw new Error(`DIFFUSION_SAMPLERS_CUDA must be auto, on or off, but is '${choice}'`);
  }
  return choice;
}

/**
 * The toolkit's own nvcc, or why there is none. The nvcc on PATH may be a wrapper in another folder, so nvcc itself is
 * asked where its toolkit is.
 */
function findNvcc() {
  const asked = process.env.CUDACXX;
  const found = asked || onPath('nvcc') || (existsSync('/usr/local/cuda/bin/nvcc') ? '/usr/local/cuda/bin/nvcc' : null);
  if (!found) return { nvcc: null, reason: 'nvcc was not found on PATH or /usr/local/cuda/bin' };
  const answer = spawnSync(found, ['--dryrun', '-E', '-x', 'cu', '/dev/null'], { encoding: 'utf8' });
  const top = /^#\$ TOP=(.*)$/m.exec(`${answer.stderr ?? ''}\n${answer.stdout ?? ''}`)?.[1];
  if (!top) {
    const words = (answer.stderr || answer.error?.message || '').trim().split('\n').at(-1);
    return { nvcc: null, reason: `${found} does not run${words ? ` (it says: ${words.replace(/\.$/, '')})` : ''}` };
  }
  const root = join(top.trim());
  if (!existsSync(join(root, 'include', 'cuda_runtime.h'))) {
    return { nvcc: null, reason: `the toolkit of ${found} has no include/cuda_runtime.h` };
  }
  const version = /release ([\d.]+)/.exec(spawnSync(found, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
  return { nvcc: join(root, 'bin', 'nvcc'), root, version: version ?? 'of unknown version', found };
}

/** What DIFFUSION_SAMPLERS_CUDA and the machine come to: nvcc or null, and the sentence that tells. */
function decideCuda() {
  const choice = cudaChoice();
  if (choice === 'off') return { nvcc: null, sentence: 'CUDA: not built, DIFFUSION_SAMPLERS_CUDA=off; CPU only' };
  const search = findNvcc();
  if (search.nvcc) return { ...search, sentence: `CUDA: built with nvcc ${search.version} (${search.found})` };
  if (choice === 'on') {
    throw new Error(
      `DIFFUSION_SAMPLERS_CUDA=on, but ${search.reason}; install the CUDA toolkit, set CUDACXX to its nvcc, or set DIFFUSION_SAMPLERS_CUDA to auto or off`,
    );
  }
  return { nvcc: null, sentence: `CUDA: not built, ${search.reason}; CPU only` };
}

/** How many compilers run at once: one nvcc alone takes most of a GB. */
function jobs() {
  return Number(process.env.CMAKE_BUILD_PARALLEL_LEVEL) || Math.min(availableParallelism(), 8);
}

module.exports = { decideCuda, findNvcc, jobs, missingTool, onPath };
