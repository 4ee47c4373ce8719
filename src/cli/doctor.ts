/** What `doctor` finds out: whether this package can sample here, with what, and what to do where it cannot. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { devices, type DeviceReport } from '../device';
import { SamplersError } from '../errors';
import { addonFile, native, type NativeAddon } from '../native';
import { onnxLibrary } from '../nets/onnx-library';

const OLDEST_NODE = 20;
const TRIAL = { seed: 7n, count: 1000 };

/** 'good'; 'absent': not there, and only what builds on it needs it; 'bad': nothing runs like this. */
export type Finding = 'good' | 'absent' | 'bad';

export interface Check {
  name: 'node' | 'addon' | 'cpu' | 'cuda' | 'onnxruntime';
  finding: Finding;
  /** What was found, in one line or a few. */
  found: string;
  /** What to do, null where nothing is to be done. */
  remedy: string | null;
  /** The same for programs. */
  facts: Record<string, unknown>;
}

export interface Diagnosis {
  /** No check is 'bad'. */
  usable: boolean;
  platform: string;
  checks: Check[];
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function bad(name: Check['name'], error: unknown, facts: Record<string, unknown> = {}): Check {
  const { hint = null } = error instanceof SamplersError ? { hint: error.hint } : {};
  const found = sentence(error);
  return { name, finding: 'bad', found: hint === null ? found : found.replace(hint, '').trim(), remedy: hint, facts };
}

/** @param version As process.versions.node has it. */
export function checkNode(version: string): Check {
  const good = Number.parseInt(version, 10) >= OLDEST_NODE;
  return {
    name: 'node',
    finding: good ? 'good' : 'bad',
    found: `${version}, Node-API ${process.versions.napi}`,
    remedy: good ? null : `Take Node ${OLDEST_NODE} or later.`,
    facts: { version, napi: Number(process.versions.napi) },
  };
}

function checkAddon(): Check {
  try {
    const { build } = native();
    const file = addonFile();
    const cuda = build.cuda ? `CUDA for ${build.cudaArchitectures}` : 'no CUDA';
    const found = `${file}, built with ${build.compiler}, ${cuda}`;
    return { name: 'addon', finding: 'good', found, remedy: null, facts: { file, build } };
  } catch (error) {
    return bad('addon', error);
  }
}

/** Lanes that do not draw the bits of the first: they would be a broken build or processor. */
function oddLanes(addon: NativeAddon): string[] {
  const { lanes: all } = addon.cpu;
  const draw = (lanes: string): Buffer => Buffer.from(addon.normals(lanes, TRIAL.seed, 0, 0, 0, TRIAL.count).buffer);
  const [first, ...others] = all.map(draw);
  return all.slice(1).filter((_, i) => !others[i]?.equals(first as Buffer));
}

function checkCpu(addon: NativeAddon): Check {
  const { lanes, cores } = addon.cpu;
  const model = cpus()[0]?.model.trim() || process.arch;
  const facts = { model, cores, lanes };
  const odd = oddLanes(addon);
  const found = `${model}, ${cores} ${cores === 1 ? 'core' : 'cores'}, lanes ${lanes.join(', ')}`;
  if (odd.length > 0) {
    const remedy = `Build the addon again with \`npx diffusion-samplers build\`, or open devices with lanes 'scalar'.`;
    return { name: 'cpu', finding: 'bad', found: `${found}; ${odd.join(', ')} draw other bits`, remedy, facts };
  }
  const slow = process.arch === 'x64' && !lanes.includes('avx2');
  const remedy = slow ? 'Nothing to do: without AVX2, FMA and F16C the same bits take longer.' : null;
  return { name: 'cpu', finding: 'good', found, remedy, facts };
}

function checkCuda({ reason, remedy, usable, ...state }: DeviceReport['cuda']): Check {
  const names = state.devices.map((device) => `cuda:${device.ordinal} ${device.name}`);
  return {
    name: 'cuda',
    finding: usable ? 'good' : 'absent',
    found: usable ? names.join(', ') : reason,
    remedy: usable ? null : remedy,
    facts: { reason, ...state },
  };
}

/** Version of the package that a library lies in, null where it lies in none. */
function packageVersion(file: string): string | null {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version?: string };
      return version ?? null;
    } catch {
      continue;
    }
  }
  return null;
}

function checkOnnx(): Check {
  try {
    const library = onnxLibrary(undefined);
    const version = packageVersion(library);
    const found = `${version ?? 'unknown version'}, ${library}`;
    return { name: 'onnxruntime', finding: 'good', found, remedy: null, facts: { library, version } };
  } catch (error) {
    return { ...bad('onnxruntime', error), finding: 'absent' };
  }
}

/** Examines this machine; asks the CUDA driver, and throws nothing. */
export function diagnose(): Diagnosis {
  const checks = [checkNode(process.versions.node), checkAddon()];
  if (checks[1]?.finding === 'good') {
    checks.push(checkCpu(native()), checkCuda(devices().cuda));
  }
  checks.push(checkOnnx());
  const usable = checks.every(({ finding }) => finding !== 'bad');
  return { usable, platform: `${process.platform}-${process.arch}`, checks };
}
