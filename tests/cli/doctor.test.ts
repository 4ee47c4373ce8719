/** `doctor`: what it finds, says and returns. */
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program';
import { checkNode, diagnose, type Diagnosis } from '../../src/cli/doctor';
import { doctorText } from '../../src/cli/doctor-text';
import { captured } from './captured';

async function doctor(...args: string[]) {
  const screen = captured();
  const code = await runProgram(['doctor', ...args], screen.terminal);
  return { code, stdout: screen.stdout().toString(), stderr: screen.stderr() };
}

test('where the addon loads it ends with 0 and says where the addon is and what it was built with', async () => {
  const { code, stdout, stderr } = await doctor();
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^ok {2}node +\d+\.\d+\.\d+, Node-API \d+$/m);
  expect(stdout).toMatch(/^ok {2}addon +.*diffusion_samplers\.node, built with .+ \d/m);
  expect(stdout).toMatch(/^ok {2}cpu +.+ cores?, lanes scalar/m);
  expect(stdout).toContain('Samples can be drawn on this machine');
});

test('--json is the same for programs', async () => {
  const { code, stdout } = await doctor('--json');
  const { usable, version, checks } = JSON.parse(stdout) as Diagnosis & { version: string };
  expect([code, usable]).toEqual([0, true]);
  expect(version).toMatch(/^\d/);
  expect(checks.map(({ name }) => name)).toEqual(['node', 'addon', 'cpu', 'cuda', 'onnxruntime']);
  expect(checks.find(({ name }) => name === 'onnxruntime')).toMatchObject({
    finding: 'good',
    facts: { version: expect.stringMatching(/^1\./) as string },
  });
});

test('CUDA that is not there has a reason and a remedy, and spoils nothing', () => {
  const { checks, usable } = diagnose();
  const cuda = checks.find(({ name }) => name === 'cuda');
  if (cuda?.finding === 'good') return;
  expect(cuda?.finding).toBe('absent');
  expect(cuda?.found).not.toBe('');
  expect(cuda?.remedy).not.toBe('');
  expect(usable).toBe(true);
});

test('without an addon it ends with 1, lists what was tried and names the command that builds it', async () => {
  const file = join(__dirname, 'none.node');
  const before = process.env['DIFFUSION_SAMPLERS_ADDON'];
  process.env['DIFFUSION_SAMPLERS_ADDON'] = file;
  try {
    let fresh = runProgram;
    jest.isolateModules(() => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- a program that has loaded no addon yet
      fresh = (require('../../src/cli/program') as { runProgram: typeof runProgram }).runProgram;
    });
    const screen = captured();
    expect(await fresh(['doctor'], screen.terminal)).toBe(1);
    expect(screen.stdout().toString()).toContain(`${file}: not there`);
    expect(screen.stdout().toString()).toMatch(/^ +Build it with `npx diffusion-samplers build`/m);
    expect(screen.stdout().toString()).toContain('Nothing can be drawn on this machine');
    expect(screen.stderr()).toMatch(/^error: /);
  } finally {
    if (before === undefined) delete process.env['DIFFUSION_SAMPLERS_ADDON'];
    else process.env['DIFFUSION_SAMPLERS_ADDON'] = before;
  }
});

test.each([
  ['18.20.4', 'bad'],
  ['20.0.0', 'good'],
  ['24.1.0', 'good'],
])('Node %s is %s', (version, finding) => {
  expect(checkNode(version).finding).toBe(finding);
});

test('a remedy says what it is needed for', () => {
  const absent = {
    finding: 'absent',
    found: 'no CUDA driver',
    remedy: 'Install the NVIDIA driver.',
    facts: {},
  } as const;
  const text = doctorText({ usable: true, platform: 'linux-x64', checks: [{ name: 'cuda', ...absent }] });
  expect(text).toMatch(/^-- {2}cuda +no CUDA driver\n +to sample on a GPU: Install the NVIDIA driver\.$/m);
});
