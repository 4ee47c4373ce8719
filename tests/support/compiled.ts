/** The sources as plain JavaScript, for tests that start processes and threads of their own. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../..');

function compile(from: string, to: string): string {
  const { outputText } = ts.transpileModule(readFileSync(from, 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true },
  });
  const file = to.replace(/\.ts$/, '.js');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, outputText);
  return file;
}

/** Transpiles src/ into build-test/<name>/src, beside the same node_modules; returns the path to require. */
export function compiledSources(name: string): string {
  const folder = join(ROOT, 'build-test', name, 'src');
  for (const entry of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (entry.endsWith('.ts')) compile(join(ROOT, 'src', entry), join(folder, entry));
  }
  return folder;
}

/** Transpiles a script of tests/, and the support files that it needs, beside compiledSources(name); returns its path. */
export function compiledScript(name: string, script: string, support: readonly string[]): string {
  const beside = (file: string): string =>
    compile(join(ROOT, 'tests', file), join(ROOT, 'build-test', name, 'tests', file));
  support.forEach((file) => beside(`support/${file}`));
  return beside(script);
}

/** Where the addon of this run is, for processes whose sources lie elsewhere. */
export function addonPath(): string {
  return process.env['DIFFUSION_SAMPLERS_ADDON'] ?? join(ROOT, 'build/Release/diffusion_samplers.node');
}
