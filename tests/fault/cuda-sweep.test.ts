/**
 * Every call of the CUDA runtime fails once with each kind of error, and every launch while it is executed, under each
 * sampler and kind of network, on the simulated device.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compiledScript, compiledSources } from '../support/compiled';
import { simFile } from '../support/cuda-sim';
import { sweepInProcess, SWEPT_SAMPLERS, type SweepEnd } from '../support/sweep-process';
import type { Swept } from './cuda-sweep';

const TESTS = join(__dirname, '..');
const root = dirname(compiledSources('cuda-sweep'));

const script = compiledScript('cuda-sweep', 'fault/cuda-sweep.ts', [
  'cuda-sim.ts',
  'small-networks.ts',
  'tiny-onnx.ts',
]);
// The addon that the sources find is the one that the sweep has loaded last.
const addon = join(root, 'addon.cjs');
writeFileSync(addon, 'module.exports = new Proxy({}, { get: (_, key) => globalThis.addonOfTheMoment()[key] });\n');

function sweepAll(kind: string): Promise<SweepEnd<Swept>> {
  const env = { CUDA_SIM_BUILD: dirname(simFile('.')), DIFFUSION_SAMPLERS_ADDON: addon };
  return sweepInProcess([script, kind, root], env);
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, count) => all + count, 0);

const KINDS = ['javascript', 'exact', 'onnx'] as const;
const BESIDES = { javascript: ['the life of a device', 'a tensor'], exact: ['a trajectory'], onnx: [] };

let survived = 0;
let ends: Record<(typeof KINDS)[number], SweepEnd<Swept>>;
beforeAll(async () => {
  const [javascript, exact, onnx] = await Promise.all(KINDS.map(sweepAll));
  ends = { javascript, exact, onnx } as typeof ends;
}, 300_000);

test.each(KINDS)('with %s networks each fault is a typed error that names its call, and nothing is lost', (kind) => {
  const { code, signal, sweeps, stderr } = ends[kind];
  const told = sweeps.map(
    (swept) => `${swept.name}: ${sum(swept.survived)} faults survived, ${sum(swept.absorbed)} of them absorbed`,
  );
  process.stdout.write(`${kind}\n  ${told.join('\n  ')}\n`);
  expect(sweeps.flatMap(({ problems }) => problems)).toEqual([]);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  const sticky = SWEPT_SAMPLERS.flatMap((name) => [`${name}, sticky fault`, `${name}, sticky fault of a kernel`]);
  expect(sweeps.map(({ name }) => name)).toEqual([...BESIDES[kind], ...SWEPT_SAMPLERS, ...sticky]);
  survived += sweeps.reduce((all, swept) => all + sum(swept.survived), 0);
});

test('as many faults were survived as docs/cuda.md says', () => {
  const page = readFileSync(join(TESTS, '../docs/cuda.md'), 'utf8');
  const least = Number(/more than ([\d,]+)\s+faults/.exec(page)?.[1]?.replaceAll(',', ''));
  process.stdout.write(`${survived} faults survived in all\n`);
  expect(survived).toBeGreaterThan(least);
});
