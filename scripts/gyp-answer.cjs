/** Answers the questions that binding.gyp asks: which sources there are, and what they are built with. */
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync, readdirSync } = require('node:fs');
const { dirname } = require('node:path');
const { decideCuda } = require('./toolchain.cjs');

// gyp runs this in the folder of binding.gyp, which `npm run build:gyp` copies.
function files(folder, suffix) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`)
    .sort();
}

const isBinding = (file) => /^native\/[^/]*$/.test(file);
const vector = /_(avx2|avx512)\.cc$/;
const isOf = (set) => (file) => vector.exec(file)?.[1] === set;
const isEngine = (file) => !isBinding(file) && !vector.test(file) && !file.startsWith('native/bench/');
const hostSources = () =>
  readFileSync('cuda/host_sources.txt', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((name) => `cuda/${name}`);
const cuda = () => decideCuda();

function compiler() {
  const answer = spawnSync(process.env.CXX ?? 'g++', ['--version'], { encoding: 'utf8' });
  return (
    answer.stdout
      ?.split('\n')[0]
      ?.replace(/ \([^)]*\)/, '')
      .replace(/["\\$`]/g, '') ?? 'unknown'
  );
}

const answers = {
  nvcc: () => cuda().nvcc ?? '',
  root: () => cuda().root ?? '',
  architectures: () => (cuda().nvcc ? process.env.DIFFUSION_SAMPLERS_CUDA_ARCHITECTURES || 'all-major' : ''),
  compiler,
  cxx: () => process.env.CXX ?? 'g++',
  'addon-api': () => dirname(require.resolve('node-addon-api/package.json')),
  'engine-sources': () => files('native', '.cc').filter(isEngine),
  'avx2-sources': () => files('native', '.cc').filter(isOf('avx2')),
  'avx512-sources': () => files('native', '.cc').filter(isOf('avx512')),
  'binding-sources': () => files('native', '.cc').filter(isBinding),
  // Some .cu files are host code, which is there without CUDA too.
  'cuda-sources': () => (cuda().nvcc ? files('cuda', '.cu') : hostSources()),
  headers: () => [...files('native', '.h'), ...files('cuda', '.h')],
};

const answer = answers[process.argv[2]]();
process.stdout.write(Array.isArray(answer) ? answer.join('\n') : answer);
