/** The command with the package's own model: files, streams, summaries, failures. */
import { mkdtempSync, readFileSync, rmSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { runProgram } from '../../src/cli/program';
import { devices } from '../../src/device';
import { captured } from './captured';

const MODEL = join(__dirname, '..', '..', 'models', 'digits-sit.onnx');
const folder = mkdtempSync(join(tmpdir(), 'cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(line: string, options: Parameters<typeof captured>[0] = {}) {
  const screen = captured(options);
  const code = await runProgram(line.split(' '), screen.terminal);
  return { code, stdout: screen.stdout(), stderr: screen.stderr() };
}

const two = `sample --model ${MODEL} --device cpu --threads 1 -n 2 --steps 2 --labels 0-9`;

test('a picture is written, the summary goes to stderr and nothing to stdout', async () => {
  const file = join(folder, 'two.png');
  const { code, stdout, stderr } = await run(`${two} --null-label 10 --guidance 2 --seed 7 --out ${file}`);
  expect([code, stdout.length]).toEqual([0, 0]);
  const png = decode(readFileSync(file));
  expect([png.width, png.height, png.channels]).toEqual([2 * 30 + 2, 30 + 2, 1]);
  expect(stderr).toMatch(/^device +CPU, 1 thread, \w+$/m);
  expect(stderr).toMatch(/^samples +2 × \[1, 28, 28\]$/m);
  expect(stderr).toMatch(/^sampler +heun, 2 steps, guidance 2$/m);
  expect(stderr).toMatch(/^network +6 evaluations of 2 samples each$/m);
  expect(stderr).toMatch(/^time +.+ s, .+ samples\/s$/m);
  expect(stderr).toMatch(/^seed +7$/m);
  expect(stderr).toContain(file);
});

test('where stdout is piped it carries the array alone; the same seed gives the same bytes', async () => {
  const first = await run(`${two} --seed 3`);
  const again = await run(`${two} --seed 3 --out -`);
  const other = await run(`${two} --seed 4 --out -`);
  expect(first.code).toBe(0);
  expect(first.stdout.toString('latin1', 1, 6)).toBe('NUMPY');
  expect(first.stdout.length % 64).toBe((2 * 28 * 28 * 4) % 64);
  expect(first.stderr).toMatch(/^file +standard output$/m);
  expect(again.stdout.equals(first.stdout)).toBe(true);
  expect(other.stdout.equals(first.stdout)).toBe(false);
});

test('a file holds the bytes that stdout would get', async () => {
  const file = join(folder, 'two.npy');
  const piped = await run(`${two} --seed 3`);
  await run(`${two} --seed 3 --out ${file}`);
  expect(readFileSync(file).equals(piped.stdout)).toBe(true);
});

test('--json gives the summary as one object on stdout', async () => {
  const file = join(folder, 'json.npy');
  const { code, stdout, stderr } = await run(`${two} --sampler euler --seed 18446744073709551615 --out ${file} --json`);
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout.toString())).toMatchObject({
    device: { kind: 'cpu', threads: 1, fallback: null },
    sampler: 'euler',
    steps: 2,
    guidance: 1,
    shape: [2, 1, 28, 28],
    evaluations: 2,
    seed: '18446744073709551615',
    file,
  });
});

test('on a terminal a bar is drawn on stderr, and not with --no-progress', async () => {
  const file = join(folder, 'bar.npy');
  const bar = await run(`${two} --out ${file}`, { isTTY: true });
  const none = await run(`${two} --out ${file} --no-progress`, { isTTY: true });
  expect(bar.stderr).toContain('0 of 2 steps');
  expect(none.stderr).not.toContain('0 of 2 steps');
  expect(bar.stdout.length + none.stdout.length).toBe(0);
});

const model = `sample --model ${MODEL} --device cpu -n 2 --steps 2 --out ${folder}/x.npy`;

test.each([
  [model, "Expected labels for the model's input 'y' for `--labels` but received undefined."],
  [`${model} --labels 1 --guidance 2`, 'for `--null-label` but received undefined'],
  [`${model} --labels 1 --label-input z`, "Expected one of the model's y for `--label-input` but received 'z'."],
  [`${model} --labels 1 --shape 1,27,28`, "as 'x' of digits-sit has it"],
  [`${model} --labels 1 --device gpu`, "for `device` but received 'gpu'"],
])('%p is a usage error', async (line, sentence) => {
  const { code, stdout, stderr } = await run(line);
  expect([code, stdout.length]).toEqual([2, 0]);
  expect(stderr).toContain(sentence);
});

test('a model that is not there fails the run', async () => {
  const { code, stderr } = await run(`sample --model ${folder}/none.onnx --out ${folder}/x.npy`);
  expect(code).toBe(1);
  expect(stderr).toBe(`error: The model file '${folder}/none.onnx' does not exist.\n`);
});

test('an explicit CUDA device that is not there fails with reason and remedy', async () => {
  const { cuda } = devices();
  const missing = cuda.usable ? `cuda:${cuda.devices.length}` : 'cuda';
  const { code, stderr } = await run(`${model} --labels 1 --device ${missing}`);
  expect(code).toBe(1);
  expect(stderr).toContain(`The device '${missing}' is not there`);
});

test('an interrupted run ends with 130 and writes no file', async () => {
  const before = readdirSync(folder);
  const interrupt = new AbortController();
  const line = `sample --model ${MODEL} --labels 0-9 -n 16 --steps 100000 --out ${folder}/never.npy`;
  const pending = run(line, { signal: interrupt.signal });
  setTimeout(() => interrupt.abort(), 500);
  const { code, stderr } = await pending;
  expect([code, stderr]).toEqual([130, 'Interrupted.\n']);
  expect(readdirSync(folder)).toEqual(before);
});

test('plan with a model takes its shape and its name', async () => {
  const { code, stdout } = await run(`plan --model ${MODEL} --labels 3 --null-label 10 --guidance 2 --steps 2`);
  expect(code).toBe(0);
  expect(stdout.toString()).toMatch(/^networks +digits-sit, digits-sit'$/m);
  expect(stdout.toString()).toMatch(/^samples +64 × \[1, 28, 28\]$/m);
});

test('devices says what was built in and what was found', async () => {
  const text = await run('devices');
  expect([text.code, text.stderr]).toEqual([0, '']);
  expect(text.stdout.toString()).toMatch(/^cpu +\d+ cores?, lanes scalar/m);
  const json = await run('devices --json');
  const report = devices();
  expect(JSON.parse(json.stdout.toString())).toMatchObject({ cpu: report.cpu, cuda: { reason: report.cuda.reason } });
});
