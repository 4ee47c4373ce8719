/**
 * Packs the package, measures it, and uses it as a stranger would: installed in empty projects by two versions of npm,
 * sampled with by import and by require, and built from its own sources where its addon is gone. Needs the registry.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs');
const { writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const LIMITS = { unpackedMb: 3, installedMb: 12, importMs: 50 };
const NPMS = [
  ['npm of this Node', ['npm']],
  ['npm 12', ['npx', '--yes', 'npm@12']],
];
const IMPORT_RUNS = 9;

/** A program in TypeScript whose types must be found, and must say what they are meant to. */
const PROGRAM = `
import { Device, EulerSampler, Rng, SiTInterface, type Tensor } from 'diffusion-samplers';

export async function draw(): Promise<Float32Array> {
  const net = new SiTInterface(({ x, out }) => out.set(x));
  const device: Device = await Device.open('cpu', { threads: 1 });
  const tensor: Tensor = await new EulerSampler({ numSamplingSteps: 2 }).sample(new Rng(1), net, [1, 2], { device });
  // @ts-expect-error -- a sampler has no such option
  new EulerSampler({ steps: 2 });
  return tensor.data();
}
`;

const root = join(__dirname, '..');
const platform = `${process.platform}-${process.arch}`;
const failures = [];

function check(holds, sentence) {
  console.log(`${holds ? 'ok    ' : 'FAILED'}  ${sentence}`);
  if (!holds) failures.push(sentence);
  return holds;
}

/** Runs to the end, whatever it says; output of both streams in `text`. */
function run(cwd, [command, ...args], env = {}) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
  return { good: done.status === 0, status: done.status, stdout: done.stdout, text: `${done.stdout}${done.stderr}` };
}

function mustRun(what, cwd, command, env) {
  const done = run(cwd, command, env);
  if (!check(done.good, what)) console.log(done.text);
  return done;
}

/** Bytes on the disk, as du counts them. */
function diskBytes(path) {
  const entry = lstatSync(path);
  const own = entry.blocks * 512;
  if (!entry.isDirectory()) return own;
  return readdirSync(path).reduce((sum, name) => sum + diskBytes(join(path, name)), own);
}

function checkTarball(folder) {
  const packed = run(root, ['npm', 'pack', '--json', '--pack-destination', folder]);
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
  if (!check(packed.good && tarball.endsWith('.tgz'), 'npm pack makes a tarball')) {
    console.log(packed.text);
    return null;
  }
  mustRun('the tarball opens', folder, ['tar', '-xzf', tarball]);
  const opened = join(folder, 'package');
  const files = readdirSync(opened, { recursive: true });
  const bytes = files
    .map((file) => lstatSync(join(opened, file)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
  const mb = (bytes / 1e6).toFixed(2);
  check(bytes < LIMITS.unpackedMb * 1e6, `it unpacks to ${mb} MB (limit ${LIMITS.unpackedMb})`);
  console.log(`        ${files.length} entries, packed ${(lstatSync(tarball).size / 1e6).toFixed(2)} MB`);
  const addon = `prebuilds/${platform}/diffusion_samplers.node`;
  const there = files.includes(addon);
  check(there, `it carries ${addon}`);
  if (there) console.log(`        addon ${(lstatSync(join(opened, addon)).size / 1e6).toFixed(2)} MB`);
  check(!files.some((file) => /(^|\/)binding\.gyp$/.test(file)), 'it has no binding.gyp');
  const { scripts, gypfile } = JSON.parse(readFileSync(join(opened, 'package.json'), 'utf8'));
  const install = ['preinstall', 'install', 'postinstall', 'prepare'].filter((name) => scripts?.[name] !== undefined);
  check(install.length === 0 && gypfile === false, 'it has no install script');
  const bin = join(root, 'node_modules', '.bin');
  mustRun('publint has nothing to say', root, [join(bin, 'publint'), tarball, '--strict']);
  const attw = [join(bin, 'attw'), tarball, '--no-color'];
  mustRun('types resolve under node10, node16 and bundler (attw)', root, attw);
  return tarball;
}

/** An empty project with the package in it and the smoke scripts beside; null where it did not install. */
function installed(folder, name, npm, tarball) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true }');
  const install = [...npm, 'install', tarball, '--strict-allow-scripts', '--no-audit', '--no-fund'];
  const version = run(folder, [...npm, '--version']).stdout.trim();
  if (!mustRun(`${name} (${version}) installs it with scripts gated`, folder, install).good) return null;
  cpSync(join(__dirname, 'smoke'), join(folder, 'smoke'), { recursive: true });
  return folder;
}

function smoke(folder, how) {
  const command = [process.execPath, join('smoke', how)];
  return mustRun(`it samples (${how})`, folder, command).stdout.trim();
}

function checkFigures(folder) {
  const installedMb = diskBytes(join(folder, 'node_modules')) / 1e6;
  check(
    installedMb < LIMITS.installedMb,
    `everything installed takes ${installedMb.toFixed(2)} MB (limit ${LIMITS.installedMb})`,
  );
  const times = Array.from({ length: IMPORT_RUNS }, () =>
    JSON.parse(run(folder, [process.execPath, join('smoke', 'import-time.cjs')]).stdout),
  );
  const [processor, clock] = ['processor', 'clock'].map((key) => Math.min(...times.map((time) => time[key])));
  // By the clock it says more about what else the machine is doing.
  check(
    processor < LIMITS.importMs,
    `importing takes ${processor.toFixed(1)} ms of a processor (limit ${LIMITS.importMs}), ${clock.toFixed(1)} by the clock`,
  );
}

function checkTypes(folder) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  writeFileSync(join(folder, 'program.mts'), PROGRAM);
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const how = { module, moduleResolution: resolution, target: 'es2022', lib: ['es2022'] };
    const node = { types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] };
    const compilerOptions = { ...how, ...node, noEmit: true, strict: true, skipLibCheck: false };
    const config = `tsconfig.${resolution}.json`;
    writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, files: ['program.mts'] }));
    const command = [process.execPath, tsc, '-p', config];
    mustRun(`a program compiles under ${resolution}, checking the declarations too`, folder, command);
  }
}

/** Without its addon the package must say what to do, and doing that must help. */
function checkBuild(folder, digest) {
  const home = join(folder, 'node_modules', 'diffusion-samplers');
  rmSync(join(home, 'prebuilds'), { recursive: true });
  const without = run(folder, [process.execPath, join('smoke', 'by-require.cjs')]);
  const told = /NativeLoadError/.test(without.text) && /not there/.test(without.text);
  check(!without.good && told, 'without its addon it throws NativeLoadError and lists what it tried');
  check(without.text.includes('`npx diffusion-samplers build`'), 'the error names the command that builds it');
  const offline = { npm_config_offline: 'true' };
  const doctor = ['npx', 'diffusion-samplers', 'doctor'];
  check(run(folder, doctor, offline).status === 1, 'doctor ends with 1');
  const started = Date.now();
  const build = ['npx', 'diffusion-samplers', 'build', '--cuda', 'off'];
  const built = mustRun('`npx diffusion-samplers build` builds it', folder, build, offline);
  console.log(`        in ${Math.round((Date.now() - started) / 1000)} s`);
  if (!built.good) return;
  check(smoke(folder, 'by-require.cjs') === digest, 'what was built there draws the same bits');
  const healthy = run(folder, doctor, offline);
  if (check(healthy.status === 0, 'doctor ends with 0')) console.log(healthy.stdout.replace(/^/gm, '        '));
}

const folder = mkdtempSync(join(tmpdir(), 'check-package-'));
try {
  const tarball = checkTarball(folder);
  const digests = [];
  const projects = NPMS.map(([name, npm], i) => {
    const project = tarball && installed(join(folder, `project-${i}`), name, npm, tarball);
    if (project) digests.push(smoke(project, 'by-require.cjs'), smoke(project, 'by-import.mjs'));
    return project;
  });
  if (digests.length > 0)
    check(digests[0] !== '' && new Set(digests).size === 1, 'import and require draw the same bits');
  const project = projects.find((found) => found && existsSync(found));
  if (project) {
    checkFigures(project);
    checkTypes(project);
    checkBuild(project, digests[0]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures.length === 0 ? '\npackage: all holds' : `\npackage: ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
