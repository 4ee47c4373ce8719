/** Runs the property tests with many times the usual number of cases, in rounds, each with a seed of its own. */
'use strict';
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');
const stop = require('./stop.cjs');

const root = join(__dirname, '..');
const ROUNDS = 3;
const factor = Number(process.argv[2] ?? 10);
if (!Number.isInteger(factor) || factor < 1) stop(`the factor has to be a positive integer, not ${process.argv[2]}`);

for (let round = 0; round < ROUNDS; round++) {
  const seed = (Date.now() + round) % 2 ** 31;
  console.log(`\n== ${factor} times the usual cases, seed ${seed}`);
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/jest/bin/jest.js'), `--testTimeout=${factor * 600_000}`, 'tests/property'],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, PROPERTY_FACTOR: String(factor), PROPERTY_SEED: String(seed) },
    },
  );
  if (status !== 0) stop(`a property failed; again with PROPERTY_SEED=${seed} PROPERTY_FACTOR=${factor}`);
}
