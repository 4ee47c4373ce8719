/** The commands for a GPU, on the simulated device: that they run to their end, and what they say where they cannot. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { compiledSources } from '../support/compiled';
import { simFile } from '../support/cuda-sim';

const root = join(__dirname, '..', '..');

// Each is a whole check of the engine.
jest.setTimeout(600_000);

const DS_DIST = compiledSources('gpu-commands');

/** With the engine that stands beside the addon of the simulated device. */
function command(script: string, args: string[], env: NodeJS.ProcessEnv = {}): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts', script), '--simulated', ...args],
    {
      encoding: 'utf8',
      env: { ...process.env, DS_GPU_BUILD: join(simFile(''), '..'), DS_DIST, JEST_WORKER_ID: undefined, ...env },
    },
  );
  return { status, text: stdout + stderr };
}

describe('check:gpu', () => {
  let tools: string;
  beforeAll(() => {
    tools = mkdtempSync(join(tmpdir(), 'gpu-tools-'));
    // Stands in for compute-sanitizer: writes down its tool and runs the program.
    const program = `#!/bin/sh\necho "$2" >> ${tools}/used\nshift 4\nexec "$@"\n`;
    writeFileSync(join(tools, 'compute-sanitizer'), program);
    chmodSync(join(tools, 'compute-sanitizer'), 0o755);
  });
  afterAll(() => rmSync(tools, { recursive: true }));

  test('goes through every step, compute-sanitizer where it is there, and ends with what held', () => {
    const PATH = `${tools}${delimiter}${process.env['PATH'] ?? ''}`;
    const { status, text } = command('check-gpu.cjs', ['--carried', '--suite', 'tests/trajectory'], { PATH });
    expect(text).toContain('all engine tests passed');
    expect(text).toMatch(/same +4194304 words +combine inputs=0 noise=1/);
    expect(text).toMatch(/(\d+) of \1 lines have the same bits/);
    expect(text).toContain('same      1100000 numbers  noise alone');
    expect(readFileSync(join(tools, 'used'), 'utf8').split('\n')).toEqual([
      'memcheck',
      'racecheck',
      'initcheck',
      'synccheck',
      '',
    ]);
    expect(text).toMatch(/ok +the engine, without Node\nok +bits through the addon\nok +the suite\n/);
    expect(text).toMatch(/^check:gpu: all held \(on the simulated device\)$/m);
    expect(status).toBe(0);
  });

  test('says plainly that there is no GPU, and what to do, with a status of its own', () => {
    const { status, text } = command('check-gpu.cjs', ['--carried'], { CUDA_SIM_DEVICES: '0' });
    expect(text).toContain('CUDA cannot be used: the NVIDIA driver is there, but shows no device.');
    expect(text).toContain('Check that nvidia-smi lists the GPU');
    expect(text).toContain('Nothing was checked.');
    expect(status).toBe(3);
  });

  test('takes a test that did not run for a failure', () => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the scripts are CommonJS without types
    const everyTestRan = require('../../scripts/every-test-ran.cjs') as (report: object) => boolean;
    const report = (...statuses: string[]): object => ({
      numPassedTests: statuses.filter((status) => status === 'passed').length,
      numFailedTests: 0,
      testResults: [
        { name: 'a.test.ts', assertionResults: statuses.map((status) => ({ status, fullName: 'a test' })) },
      ],
    });
    const said = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    expect(everyTestRan(report('passed', 'passed'))).toBe(true);
    expect(said).toHaveBeenLastCalledWith('2 tests passed, 0 failed, 0 did not run');
    expect(everyTestRan(report('passed', 'pending'))).toBe(false);
    expect(said).toHaveBeenCalledWith('did not run, which counts as a failure: pending: a test (a.test.ts)');
    expect(everyTestRan(report('passed', 'todo'))).toBe(false);
    expect(everyTestRan(report())).toBe(false);
    said.mockRestore();
  });

  test('fails where a device does', () => {
    const { status, text } = command('check-gpu.cjs', ['--carried', '--suite', 'tests/rng'], {
      CUDA_SIM_FAIL: 'cudaLaunchKernelEx:3:719:sticky',
    });
    expect(text).toMatch(/FAILED +the engine, without Node/);
    expect(text).toMatch(/check:gpu: failed/);
    expect(status).toBe(1);
  });
});

describe('bench:gpu', () => {
  test('prints passes beside copies, launches and steps', () => {
    const { status, text } = command('bench-gpu.cjs', ['--carried'], { BENCH_PYTHON: join(root, 'no-python') });
    expect(text).toContain('The device is simulated: these figures say nothing of speed.');
    for (const pass of ['Euler', 'guided Euler-Maruyama', 'guided Heun, second pass', 'noise alone']) {
      expect(text).toMatch(new RegExp(`^${pass} +2\\^10 +[\\d.]+ +[\\d.]+ +[\\d.]+`, 'm'));
    }
    expect(text).toMatch(/^one pass, launched +[\d.]+$/m);
    expect(text).toMatch(/^one step of Euler: a pass and an event, with graphs +[\d.]+$/m);
    for (const sampler of ['euler', 'euler-guided', 'heun', 'heun-guided', 'euler-maruyama', 'euler-maruyama-guided']) {
      expect(text).toMatch(new RegExp(`^${sampler} +2 × 256 +\\d+ +[\\d.]+`, 'm'));
      expect(text).toMatch(new RegExp(`^${sampler}, with graphs +2 × 256 +\\d+ +[\\d.]+`, 'm'));
    }
    expect(status).toBe(0);
  });

  test('says plainly that there is no GPU', () => {
    const { status, text } = command('bench-gpu.cjs', ['--carried'], { CUDA_SIM_DEVICES: '0' });
    expect(text).toContain('There is no GPU to run on');
    expect(status).toBe(3);
  });
});
