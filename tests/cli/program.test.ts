/** The command without a model: usage, errors, exit codes, plans. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { samplerNames } from '../../src';
import { runProgram } from '../../src/cli/program';
import { captured } from './captured';

async function run(line: string, options: Parameters<typeof captured>[0] = {}) {
  const screen = captured(options);
  const code = await runProgram(line === '' ? [] : line.split(' '), screen.terminal);
  return { code, stdout: screen.stdout().toString(), stderr: screen.stderr() };
}

test.each(['--help', 'sample --help', 'plan --help', 'devices --help', '--version'])(
  '%p answers on stdout and ends well',
  async (line) => {
    const { code, stdout, stderr } = await run(line);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toBe('');
  },
);

test('no command at all is a usage error that shows the help', async () => {
  const { code, stdout, stderr } = await run('');
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('Usage: diffusion-samplers');
});

test.each([
  ['sampl', "unknown command 'sampl'"],
  ['sample --modle x', "unknown option '--modle'"],
  ['plan extra', 'too many arguments'],
  ['sample', 'for `--model` but received undefined'],
  ['sample --model', "'-m, --model <file>' argument missing"],
  ['plan --sampler ode', `Expected one of ${samplerNames().join(', ')} for \`--sampler\` but received 'ode'.`],
  ['plan --steps 0', "Expected an integer from 1 to 1000000 for `--steps` but received '0'."],
  ['plan --steps 1.5', "for `--steps` but received '1.5'"],
  ['plan --guidance x', "Expected a number for `--guidance` but received 'x'."],
  ['plan --labels 9-0', "for `--labels` but received '9-0'"],
  ['plan --null-label -1', "for `--null-label` but received '-1'"],
  ['plan -n 0', "Expected an integer of at least 1 for `--count` but received '0'."],
  ['plan --seed -1', "for `--seed` but received '-1'"],
  ['plan --seed 18446744073709551616', 'from 0 to 2^64 - 1'],
  ['plan --shape 1,x', "for `--shape` but received '1,x'"],
  ['plan --threads 0', "for `--threads` but received '0'"],
  ['plan', 'for `--shape` but received undefined'],
  ['plan --shape 4 --t-start 2', 'within [0, 1]'],
  ['plan --shape 4 --t-start 0', 'strictly monotone'],
  ['plan --shape 4 --t-shift-cur -1', 'samplingTimeKwargs.tShiftCur'],
])('%p is a usage error in one sentence', async (line, sentence) => {
  const { code, stdout, stderr } = await run(line);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('    at ');
});

test('--debug, or DEBUG in the environment, adds the stack', async () => {
  expect((await run('plan --debug')).stderr).toContain('    at ');
  const before = process.env['DEBUG'];
  process.env['DEBUG'] = '1';
  try {
    expect((await run('plan')).stderr).toContain('    at ');
  } finally {
    if (before === undefined) delete process.env['DEBUG'];
    else process.env['DEBUG'] = before;
  }
});

describe('the destination is checked before anything is loaded', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['--out picture.jpg', "Expected FILE.png, FILE.npy or '-' for `--out` but received 'picture.jpg'."],
    ['--out no/such/folder/a.png', 'a file in a folder that exists'],
    ['--out - --json', 'as --json takes stdout'],
    ['--json', 'as --json takes stdout'],
  ])('with %p', async (options, sentence) => {
    const { code, stderr } = await run(`sample --model ${folder}/none.onnx ${options}`);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });

  test.each(['', ' --out -'])('with %p on a terminal', async (options) => {
    const { code, stderr } = await run(`sample --model ${folder}/none.onnx${options}`, { isTTY: true });
    expect(code).toBe(2);
    expect(stderr).toContain('as stdout is a terminal');
  });
});

test('plan counts what Heun with guidance costs, without a model', async () => {
  const { code, stdout, stderr } = await run('plan --shape 1,28,28 -n 4 --steps 3 --guidance 2');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^sampler +HeunSampler on SiT, 3 steps$/m);
  expect(stdout).toMatch(/^samples +4 × \[1, 28, 28\]$/m);
  expect(stdout).toMatch(/^networks +network, guide$/m);
  // Two steps of 2 × 2 calls, and a last Euler step of 2.
  expect(stdout).toMatch(/^evaluations +10$/m);
  expect(stdout).toMatch(/^ +1 +0\.666667 +0\.333333 +4 +2 +125 kB +evaluate at t=0\.666667 on b0/m);
});

test('plan without guidance needs one network', async () => {
  const { stdout } = await run('plan --sampler euler --shape 5 --steps 2');
  expect(stdout).toMatch(/^networks +network$/m);
  expect(stdout).toMatch(/^evaluations +2$/m);
});

test('plan --json is the plan itself', async () => {
  const { code, stdout } = await run('plan --sampler euler --shape 5 -n 3 --steps 4 --t-end 0.2 --json');
  const plan = JSON.parse(stdout) as { grid: number[]; rows: number; totals: { evaluations: number } };
  expect(code).toBe(0);
  expect(plan.rows).toBe(3);
  expect(plan.totals.evaluations).toBe(4);
  expect(plan.grid).toHaveLength(5);
  expect(plan.grid[4]).toBe(0.2);
});

test('the shift of the grid arrives', async () => {
  const { stdout } = await run('plan --sampler euler --shape 5 --steps 2 --t-shift-cur 16384 --json');
  // s = sqrt(16384 / 4096) = 2, so 1/2 becomes 2 · 1/2 / (1 + 1/2).
  expect((JSON.parse(stdout) as { grid: number[] }).grid[1]).toBeCloseTo(2 / 3, 15);
});
