import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { Device } from '../src';
import { runProgram } from '../src/cli/program';
import { captured } from './cli/captured';

const ROOT = resolve(__dirname, '..');
const blocks = ['README.md', 'docs/samplers.md'].flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map((m) => m[1] as string),
);

/** The block as the body of a function: its import becomes a require of the sources. */
function body(block: string): string {
  const { outputText } = ts.transpileModule(block, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
  });
  return outputText.replace('require("diffusion-samplers")', `require(${JSON.stringify(join(ROOT, 'src'))})`);
}

// Where an example names no device, it is this one.
afterAll(() => Device.default().dispose());

test('README and docs have examples', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(4);
});

test.each(blocks.map((block, i) => [i + 1, block] as const))('example %d of README and docs runs', async (_, block) => {
  const before = process.cwd();
  process.chdir(ROOT);
  const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    const AsyncFunction = (async () => {}).constructor as new (
      ...names: string[]
    ) => (...values: unknown[]) => Promise<void>;
    await new AsyncFunction('require', 'exports', body(block))(require, {});
  } finally {
    log.mockRestore();
    process.chdir(before);
  }
});

test('the examples of README and docs have the right types', () => {
  const files = new Map(blocks.map((block, i) => [join(ROOT, `readme-example-${i + 1}.ts`), block]));
  const options: ts.CompilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ['node'],
    paths: { 'diffusion-samplers': [join(ROOT, 'src/index.ts')] },
    noEmit: true,
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const plain = ts.createCompilerHost(options);
  host.fileExists = (name) => files.has(name) || plain.fileExists(name);
  host.readFile = (name) => files.get(name) ?? plain.readFile(name);
  host.getSourceFile = (name, version, ...rest) => {
    const text = files.get(name);
    return text === undefined ? plain.getSourceFile(name, version, ...rest) : ts.createSourceFile(name, text, version);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const problems = ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  expect(problems).toEqual([]);
});

/** The lines of the README that sample or plan, without what follows a `#`. */
const commands = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^npx diffusion-samplers ([^#\n]*)/gm)].map(
  (m) => (m[1] as string).trim(),
);

test.each(commands)('the command of the README runs: %s', async (line) => {
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  const args = line
    .replace('models/', `${ROOT}/models/`)
    .replace('--out ', `--steps 2 --out ${folder}/`) // fewer steps: the point is that the options fit
    .split(/\s+/);
  const { terminal, stderr } = captured();
  const code = await runProgram(args, terminal);
  expect([code, stderr()]).toEqual([0, expect.not.stringContaining('error')]);
});

test('the README names commands', () => expect(commands.length).toBeGreaterThanOrEqual(3));
