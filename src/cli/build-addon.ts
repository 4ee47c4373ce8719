/** What `build` does: makes the addon from the sources in the package, and puts it where it is looked for first. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { SamplersError } from '../errors';
import { write, type Terminal } from './terminal';

const ROOT = resolve(__dirname, '..', '..');
const FILE = 'diffusion_samplers.node';
const REPORT = 'const { build } = require(process.argv[1]); console.log(JSON.stringify(build))';

/** The addon cannot be built here; the tools have said why on stderr. */
class BuildError extends SamplersError {
  constructor(message: string, hint?: string) {
    super('ERR_BUILD', message, { hint });
  }
}

export interface BuildOptions {
  cuda: string;
}

/** Runs the build script with its output on stderr; resolves to whether it ended well. */
function compile(out: string, cuda: string, { stderr, signal }: Terminal): Promise<boolean> {
  const script = join(ROOT, 'scripts', 'build-native.cjs');
  // CMake asks the `node` on PATH where the headers are.
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(process.execPath, [script, '--plain', '--out', out], {
    env: { ...process.env, PATH: path, DIFFUSION_SAMPLERS_CUDA: cuda },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  child.stdout.pipe(stderr, { end: false });
  child.stderr.pipe(stderr, { end: false });
  return new Promise((done, fail) => child.once('error', fail).once('close', (code) => done(code === 0)));
}

/** Into place in one move: a process that loads it meanwhile sees the old file or the new one. */
function install(built: string): string {
  const folder = join(ROOT, 'build', 'Release');
  const file = join(folder, FILE);
  const beside = `${file}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  copyFileSync(built, beside);
  renameSync(beside, file);
  return file;
}

/** Builds, tries, and installs the addon; tells where it is on stdout. */
export async function buildAddon({ cuda }: BuildOptions, terminal: Terminal): Promise<void> {
  const out = mkdtempSync(join(tmpdir(), 'diffusion-samplers-'));
  try {
    const built = join(out, 'Release', FILE);
    if (!(await compile(out, cuda, terminal)) || !existsSync(built)) {
      throw new BuildError('The addon was not built; the reason stands above.');
    }
    // In a process of its own: a file that crashes when it is loaded must not be put in place.
    const trial = spawnSync(process.execPath, ['-e', REPORT, built], { encoding: 'utf8' });
    if (trial.status !== 0) throw new BuildError(`The addon was built but does not load: ${trial.stderr.trim()}`);
    const file = install(built);
    await write(terminal.stdout, `${file}\n${trial.stdout}`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
