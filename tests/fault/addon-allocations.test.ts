/** Every allocation of the addon fails once, alone and with all that follow it, under each sampler and kind of network. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { addonPath, compiledSources } from '../support/compiled';
import type { Swept } from './sweep';

const TESTS = join(__dirname, '..');
const HEADERS = join(dirname(require.resolve('node-api-headers/package.json')), 'include');
/** Only glibc's allocator can be stood in for. */
const glibc = 'glibcVersionRuntime' in (process.report?.getReport() as unknown as { header: object }).header;

const root = dirname(compiledSources('fault'));
const faults = join(root, 'allocation-faults.node');

function compile(file: string): string {
  const out = join(root, 'tests', file.replace(/\.ts$/, '.js'));
  const { outputText } = ts.transpileModule(readFileSync(join(TESTS, file), 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true },
  });
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, outputText);
  return out;
}

function buildFaults(): void {
  const sources = ['fault/faults-binding.cc', 'native/allocation_faults.cc'].map((file) => join(TESTS, file));
  const warnings = ['-Wall', '-Wextra', '-Werror'];
  const flags = ['-std=c++17', '-O2', ...warnings, '-shared', '-fPIC', '-fvisibility=hidden', '-DNAPI_VERSION=8'];
  execFileSync('g++', [...flags, `-I${HEADERS}`, ...sources, '-o', faults, '-ldl']);
}

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  sweeps: Swept[];
  stderr: string;
}

function sweepAll(kind: string): Promise<Ended> {
  return new Promise((resolve) => {
    const script = compile('fault/sweep.ts');
    const child = spawn(process.execPath, ['--expose-gc', script, faults, basename(addonPath()), kind], {
      env: { ...process.env, LD_PRELOAD: faults, DIFFUSION_SAMPLERS_ADDON: addonPath() },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code, signal) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({ code, signal, sweeps: lines.map((line) => JSON.parse(line) as Swept), stderr });
    });
  });
}

const SAMPLERS = ['euler', 'heun', 'euler-maruyama', 'euler-jump'];

if (glibc) {
  beforeAll(() => {
    buildFaults();
    compile('support/tiny-onnx.ts');
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
        ...SAMPLERS,
      ],
    ],
    ['exact', ['making a mixture', 'a trajectory', ...SAMPLERS]],
    ['onnx', ['loading ONNX Runtime', 'loading a model', 'running a model once', ...SAMPLERS]],
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
      expect([name, survived > (SAMPLERS.includes(name) ? 100 : 10)]).toEqual([name, true]);
    }
  });
} else {
  test('nothing is swept here, as only glibc’s allocator can be stood in for', () => {
    expect(glibc).toBe(false);
  });
}
