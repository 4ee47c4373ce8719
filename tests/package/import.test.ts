/** What importing the package loads, and what it does not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, '..', '..');
const out = mkdtempSync(join(tmpdir(), 'import-'));

beforeAll(() => {
  // As build-dist does, without the types: the modules are what counts here.
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  for (const file of ts.sys.readDirectory(join(ROOT, 'src'), ['.ts'])) {
    const { outputText } = ts.transpileModule(ts.sys.readFile(file) as string, {
      compilerOptions: options,
      fileName: file,
    });
    ts.sys.writeFile(join(out, 'dist', relative(join(ROOT, 'src'), file).replace(/\.ts$/, '.js')), outputText);
  }
  ts.sys.writeFile(join(out, 'package.json'), '{ "type": "commonjs" }');
});

afterAll(() => rmSync(out, { recursive: true }));

function node(flags: string[], program: string): string {
  const env = { ...process.env, NODE_PATH: join(ROOT, 'node_modules') };
  const done = spawnSync(process.execPath, [...flags, '-e', program], { cwd: out, encoding: 'utf8', env });
  if (done.status !== 0) throw new Error(done.stderr);
  return done.stdout.trim();
}

/** Files in the cache that are none of ours, after `body` ran. */
function loads(body: string): string[] {
  const program = `const samplers = require('./dist'); ${body}
    console.log(JSON.stringify(Object.keys(require.cache).filter((file) => !file.startsWith(${JSON.stringify(out)}))))`;
  return JSON.parse(node([], program)) as string[];
}

test('importing loads no other package, no command and no addon', () => {
  expect(loads('')).toEqual([]);
  const commands = `console.log(Object.keys((require('./dist'), require.cache)).filter((f) => f.includes('/cli/')).length)`;
  expect(node([], commands)).toBe('0');
});

test('zod comes with the first config', () => {
  const files = loads("samplers.samplerFromConfig({ sampler_class: 'heun' });");
  expect(files.length).toBeGreaterThan(0);
  expect(files.every((file) => file.includes('/zod/'))).toBe(true);
});

test('registering a sampler with a schema of one’s own loads nothing', () => {
  const body = `class Own extends samplers.Samplers {}
    samplers.registerSampler('own', Own, { shape: { churn: {} } });`;
  expect(loads(body)).toEqual([]);
});

test('an ES module imports every name, as without a wrapper', () => {
  const program = `import * as names from './dist/index.js';
    const { default: all, ...named } = names;
    const missing = Object.keys(all).filter((name) => !(name in named));
    console.log(JSON.stringify({ missing, count: Object.keys(all).length }))`;
  const { missing, count } = JSON.parse(node(['--input-type=module'], program)) as { missing: string[]; count: number };
  expect(missing).toEqual([]);
  expect(count).toBeGreaterThan(30);
});
