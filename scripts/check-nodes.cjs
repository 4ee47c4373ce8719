/**
 * One addon for every Node: installs other Nodes into build-nodes/ and, under each, samples with the addon that is there
 * and runs the tests; the slowest files only with --full. Needs the registry, and Linux on x86-64.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const stop = require('./stop.cjs');

const NODES = ['20', '22', '24'];
/** Files that take most of the time, whose figures have nothing to do with the Node they run in. */
const SLOW = [
  'cli/demo',
  'config/hostile',
  'driver/driver-states',
  'fault/addon-allocations',
  'nets/digits',
  'noise',
  'noise-v1',
  'plan/plan',
  'property/facade',
  'property/options',
  'samplers/contract',
  'samplers/euler-maruyama',
  'samplers-doc',
];

const root = join(__dirname, '..');
const full = process.argv.includes('--full');

/** The Node of a major version: the one that runs, or one from the registry. */
function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const folder = join(root, 'build-nodes', major);
  const name = `node-${process.platform}-${process.arch}`;
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const install = ['install', '--no-save', '--no-audit', '--no-fund', `${name}@${major}`];
    if (spawnSync('npm', install, { cwd: folder, stdio: 'inherit' }).status !== 0 || !existsSync(program)) {
      stop(`cannot try Node ${major}: ${name}@${major} was not installed`);
    }
  }
  return program;
}

function digest(node, script) {
  const done = spawnSync(node, [join(__dirname, 'smoke', script)], { cwd: root, encoding: 'utf8' });
  if (done.status !== 0) console.log(done.stderr);
  return done.status === 0 ? done.stdout.trim() : null;
}

function test(node) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const left = full ? [] : ['--testPathIgnorePatterns', ...SLOW.map((file) => `/tests/${file}\\.test\\.ts$`)];
  return spawnSync(node, [jest, '--ci', '--silent', ...left], { cwd: root, stdio: 'inherit' }).status === 0;
}

const failed = [];
const bits = new Set();
for (const major of NODES) {
  const node = nodeOf(major);
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const own = node === process.execPath;
  console.log(`\n== Node ${version}${own ? ', which runs this: samples only' : ''}`);
  const drawn = ['by-require.cjs', 'by-import.mjs'].map((script) => digest(node, script));
  for (const one of drawn) if (one) bits.add(one);
  // The tests under the Node at hand are `npm test`.
  const good = !drawn.includes(null) && (own || test(node));
  console.log(`Node ${version}: ${good ? 'passed' : 'FAILED'}, bits ${drawn.join(' and ')}`);
  if (!good) failed.push(version);
}
if (bits.size > 1) failed.push('the same bits everywhere');
console.log(failed.length === 0 ? '\nnodes: all passed' : `\nnodes: failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
