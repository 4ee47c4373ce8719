/** Faults planted in the PTX that nvcc emitted: step programs give other bits than on the CPU, and the contract suite fails. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Device, EulerMaruyamaSampler, GaussianMixtureNet, Rng, SiTInterface } from '../../src';
import { loadCudaSim } from '../support/cuda-sim';
import { emittedPtx } from '../support/emitted-ptx';
import { conditional, guide } from '../support/mixture';
import { bitsOf } from '../support/replayed';

interface Plant {
  what: string;
  file: string;
  pattern: RegExp;
  replacement: string;
}

const FMA = /fma\.rn\.f32 \t(%\w+), (%\w+), (%\w+), (%\w+);/g;
const UNFUSED = 'mul.rn.f32 \t$1, $2, $3;\n\tadd.rn.f32 \t$1, $1, $4;';

const unfusedPass: Plant = { what: 'a pass that is not fused', file: 'combine', pattern: FMA, replacement: UNFUSED };
const plants: Plant[] = [
  unfusedPass,
  { what: 'another multiplier in Philox', file: 'combine', pattern: /-766435501;/g, replacement: '-766435500;' },
  { what: 'a network that is not fused', file: 'mixture', pattern: FMA, replacement: UNFUSED },
  {
    what: 'a difference with swapped operands',
    file: 'mixture',
    pattern: /sub\.rn\.f64 \t(%\w+), (%\w+), (%\w+);/g,
    replacement: 'sub.rn.f64 \t$1, $3, $2;',
  },
  {
    what: 'a cursor that stays at its step',
    file: 'step_cursor',
    pattern: /(ld\.global\.u32 \t%\w+, \[%\w+)\+20(\];\s*st\.)/g,
    replacement: '$1+16$2',
  },
];

function planted({ file, pattern, replacement }: Plant): Record<string, string> {
  const texts = emittedPtx();
  const name = Object.keys(texts).find((each) => each.startsWith(`${file}.`)) as string;
  const text = texts[name] as string;
  const changed = text.replace(pattern, replacement);
  expect(changed).not.toBe(text);
  return { ...texts, [name]: changed };
}

/** Noise, guidance with a scale per row, exact networks, and replayed steps. */
async function samples(kind: 'cuda' | 'cpu'): Promise<string> {
  const device = await Device.open(kind);
  const [net, gNet] = [conditional, guide].map(
    (mixture) => new SiTInterface(GaussianMixtureNet.create(mixture, { device })),
  ) as [SiTInterface, SiTInterface];
  const sampler = new EulerMaruyamaSampler({ numSamplingSteps: 6, diffusionCoeff: 'linear' });
  const guidance = { gNet, guidanceScale: [1, 2, 0.5, 3] };
  using end = await sampler.sample(new Rng(7), net, [4, 4], { device, ...guidance });
  const bits = bitsOf(await end.data());
  device.dispose();
  return bits;
}

describe('faults planted in the emitted PTX', () => {
  const sim = loadCudaSim();
  afterEach(() => sim.runPtx(emittedPtx()));

  it('without a plant gives the bits of the CPU', async () => {
    expect(await samples('cuda')).toBe(await samples('cpu'));
  });

  it.each(plants)('$what gives other bits', async (plant) => {
    sim.runPtx(planted(plant));
    expect(await samples('cuda')).not.toBe(await samples('cpu'));
  });

  it('another rounding is refused before anything runs', () => {
    const texts = planted({ what: '', file: 'combine', pattern: /fma\.rn\.f32/, replacement: 'fma.rz.f32' });
    expect(() => sim.runPtx(texts)).toThrow(/fma\.rz\.f32/);
  });

  it('one rounding too many fails a case of the contract suite, for every sampler', () => {
    const root = join(__dirname, '../..');
    const folder = join(root, 'build-test/ptx-planted');
    mkdirSync(folder, { recursive: true });
    const files = Object.entries(planted(unfusedPass)).map(([name, text]) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    });
    const report = join(folder, 'report.json');
    rmSync(report, { force: true });
    const suite = ['--config', 'jest.ptx.config.ts', 'tests/samplers/contract', '-t', 'gives by single steps'];
    spawnSync(
      process.execPath,
      [join(root, 'node_modules/jest/bin/jest.js'), ...suite, '--json', `--outputFile=${report}`],
      { cwd: root, stdio: 'ignore', env: { ...process.env, CUDA_SIM_PTX: files.join(delimiter) } },
    );
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: { assertionResults: { status: string; failureMessages: string[] }[] }[];
    };
    const ran = testResults.flatMap((file) => file.assertionResults).filter(({ status }) => status !== 'pending');
    expect(ran.map(({ status }) => status)).toEqual(Array<string>(8).fill('failed'));
    for (const { failureMessages } of ran) expect(failureMessages.join()).toContain('toEqual');
  });
});
