/** Every allocation of the addon fails once, alone and with all that follow it, under each sampler and kind of network. */
import { execFileSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { addonPath, compiledScript, compiledSources } from '../support/compiled';
import { sweepInProcess, SWEPT_SAMPLERS, type SweepEnd } from '../support/sweep-process';
import type { Swept } from './sweep';

const TESTS = join(__dirname, '..');
const HEADERS = join(dirname(require.resolve('node-api-headers/package.json')), 'include');
/** Only glibc's allocator can be stood in for. */
const glibc = 'glibcVersionRuntime' in (process.report?.getReport() as unknown as { header: object }).header;

const root = dirname(compiledSources('fault'));
const faults = join(root, 'allocation-faults.node');

function buildFaults(): void {
  const sources = ['fault/faults-binding.cc', 'native/allocation_faults.cc'].map((file) => join(TESTS, file));
  const warnings = ['-Wall', '-Wextra', '-Werror'];
  const flags = ['-std=c++17', '-O2', ...warnings, '-shared', '-fPIC', '-fvisibility=hidden', '-DNAPI_VERSION=8'];
  execFileSync('g++', [...flags, `-I${HEADERS}`, ...sources, '-o', faults, '-ldl']);
}

function sweepAll(kind: string): Promise<SweepEnd<Swept>> {
  const script = compiledScript('fault', 'fault/sweep.ts', ['small-networks.ts', 'tiny-onnx.ts']);
  const env = { LD_PRELOAD: faults, DIFFUSION_SAMPLERS_ADDON: addonPath() };
  return sweepInProcess(['--expose-gc', script, faults, basename(addonPath()), kind], env);
}

if (glibc) {
  beforeAll(() => {
    buildFaults();
  });

  test.each([
    [
      'javascript',
      [
        'loading the addon in a worker',
        'opening a device',
        'uploading, viewing and reading a tensor',
        'a run that is aborted',
        'a network that gives NaN',
        'a network that throws',
        ...SWEPT_SAMPLERS,
      ],
    ],
    ['exact', ['making a mixture', 'a trajectory', ...SWEPT_SAMPLERS]],
    ['onnx', ['loading ONNX Runtime', 'loading a model', 'running a model once', ...SWEPT_SAMPLERS]],
  ])('with %s networks each fault is a typed error or goes unnoticed, and nothing is lost', async (kind, names) => {
    const { code, signal, sweeps, stderr } = await sweepAll(kind);
    const told = sweeps.map(
      ({ name, survived, unnoticed }) => `${name}: ${survived} faults survived, ${unnoticed} of them unnoticed`,
    );
    process.stdout.write(`allocation faults, ${kind} networks\n  ${told.join('\n  ')}\n`);
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    expect(sweeps.map(({ name }) => name)).toEqual(names);
    expect(sweeps.flatMap(({ problems }) => problems)).toEqual([]);
    for (const { name, survived, leakedBlocks } of sweeps) {
      expect([name, leakedBlocks]).toEqual([name, 0]);
      expect([name, survived > (SWEPT_SAMPLERS.includes(name) ? 100 : 10)]).toEqual([name, true]);
    }
  });
} else {
  test('nothing is swept here, as only glibc’s allocator can be stood in for', () => {
    expect(glibc).toBe(false);
  });
}
