/** A process of its own for each driver: libcuda is looked for on the library path that a process starts with. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addonPath, compiledSources } from '../support/compiled';

const LIBRARY = 'libcuda.so.1';

const sources = compiledSources('driver');
// The command says the package's version.
copyFileSync(join(__dirname, '../../package.json'), join(sources, '../package.json'));
const folder = mkdtempSync(join(tmpdir(), 'driver-'));
const [standIn, broken] = [join(folder, 'stand-in'), join(folder, 'broken')];
const log = join(folder, 'log');

export function removeDrivers(): void {
  rmSync(folder, { recursive: true });
}

/** Compiles the stand-in, and makes a library that is none. */
export function makeDrivers(): void {
  [standIn, broken].forEach((each) => mkdirSync(each));
  writeFileSync(join(broken, LIBRARY), '');
  const source = join(__dirname, 'stand-in-driver.c');
  const flags = ['-x', 'c', '-std=c11', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fvisibility=hidden'];
  const { status, stderr } = spawnSync('g++', [...flags, source, '-o', join(standIn, LIBRARY)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The stand-in driver did not compile: ${stderr}`);
}

/**
 * What the stand-in answers; 'broken': a libcuda that cannot be loaded, which hides the one that this machine may have;
 * 'own': whatever this machine has.
 */
export type Driver = { version: number; init: number } | 'broken' | 'own';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
  /** What the stand-in was asked, in order. */
  asked: string[];
}

/** Runs node with `args` under `driver`. */
export function node(driver: Driver, args: string[]): Outcome {
  rmSync(log, { force: true });
  const library = driver === 'own' ? '' : driver === 'broken' ? broken : standIn;
  const answers =
    typeof driver === 'string'
      ? {}
      : { STAND_IN_LOG: log, STAND_IN_VERSION: `${driver.version}`, STAND_IN_INIT: `${driver.init}` };
  const env = { ...process.env, ...answers, LD_LIBRARY_PATH: library, DIFFUSION_SAMPLERS_ADDON: addonPath() };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  let asked: string[] = [];
  try {
    asked = readFileSync(log, 'utf8').trim().split('\n');
  } catch {
    // It was not loaded.
  }
  return { code: status, stdout, stderr, asked };
}

/** Runs `body` with the package as `samplers`, and gives what it returns. */
export function ask<T>(driver: Driver, body: string): { answer: T; asked: string[] } {
  const program = `const samplers = require(${JSON.stringify(sources)});
    (async () => { ${body} })().then((answer) => console.log(JSON.stringify(answer)));`;
  const { code, stdout, stderr, asked } = node(driver, ['-e', program]);
  if (code !== 0) throw new Error(stderr);
  return { answer: JSON.parse(stdout) as T, asked };
}

/** Runs the command `diffusion-samplers`. */
export function command(driver: Driver, ...args: string[]): Outcome {
  return node(driver, [join(sources, 'cli', 'main.js'), ...args]);
}
