/**
 * Builds the addon in four ways into build-variants/: cmake-js and node-gyp, with and without CUDA; and loads each.
 * Writes build-variants/result.json for the count in .ci/run.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { findNvcc } = require('./toolchain.cjs');

const root = join(__dirname, '..');
const folder = join(root, 'build-variants');
const systems = {
  // What `npm ci` builds is this for every architecture, so here it is for one.
  cmake: { script: 'build-native.cjs', addon: 'Release/diffusion_samplers.node', architectures: '90' },
  gyp: { script: 'build-gyp.cjs', addon: 'build/Release/diffusion_samplers.node', architectures: '' },
};

function node(script, args, environment) {
  const env = { ...process.env, ...environment };
  return (
    spawnSync(process.execPath, [join(__dirname, script), ...args], { cwd: root, stdio: 'inherit', env }).status === 0
  );
}

const result = { passed: [], failed: [], skipped: [] };
mkdirSync(folder, { recursive: true });
for (const kind of ['cpu', 'cuda']) {
  for (const [name, { script, addon, architectures }] of Object.entries(systems)) {
    const variant = `${name}-${kind}`;
    const out = join('build-variants', variant);
    console.log(`\n== ${variant}`);
    if (kind === 'cuda' && !findNvcc().nvcc) {
      console.log(`skipped: ${findNvcc().reason}`);
      result.skipped.push(variant);
      continue;
    }
    const started = Date.now();
    const environment = {
      DIFFUSION_SAMPLERS_CUDA: kind === 'cuda' ? 'on' : 'off',
      DIFFUSION_SAMPLERS_CUDA_ARCHITECTURES: architectures,
    };
    const good = node(script, ['--out', out], environment) && node('check-variant.mjs', [join(out, addon), kind]);
    console.log(
      `${variant}: ${good ? 'built and loaded' : 'FAILED'} in ${Math.round((Date.now() - started) / 1000)} s`,
    );
    (good ? result.passed : result.failed).push(variant);
  }
}
writeFileSync(join(folder, 'result.json'), JSON.stringify(result));
process.exitCode = result.failed.length === 0 ? 0 : 1;
