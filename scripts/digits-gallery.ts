/** Draws digits with every sampler for docs/samplers.md: a picture and a row of the table for each, and the demo's picture. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Device,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  MeanFlowInterface,
  OnnxModel,
  OnnxNet,
  Rng,
  SiTInterface,
  type Net,
  type Samplers,
} from '../src';
import { runDemo } from '../src/cli/draw-digits';
import { drawGrid, encodePng } from '../src/cli/picture';
import { markdownTable, writeTables } from './samplers-doc';

const ROOT = join(__dirname, '..');
const COUNT = 100;
const SHOWN = 64;
const SEED = 2025;
const NULL_LABEL = 10;
const LABELS = Array.from({ length: COUNT }, (_, i) => i % 10);

interface Entry {
  /** docs/digits-<name>.png */
  name: string;
  title: string;
  sampler: Samplers;
  net: Net;
  /** False where it does not follow the ODE. */
  ode: boolean;
}

/** The SiT network in the place of a flow map: its velocity at the middle of the jump. */
function midpointFlowMap(model: OnnxModel): MeanFlowInterface {
  return new MeanFlowInterface(async ({ x, t, r, cond, shape }) => {
    const middle = t.map((time, i) => (time + (r?.[i] as number)) / 2);
    const y = cond['y'] as number[];
    const { v } = await model.run({ x: { data: x, shape }, t: middle, y });
    return v?.data as Float32Array;
  });
}

function entries(net: Net, flowMap: Net): Entry[] {
  const maruyama = { numSamplingSteps: 100, diffusionCoeff: 'linear', diffusionCoeffNorm: 1 } as const;
  const tStart = { samplingTimeKwargs: { tStart: 1 } };
  return [
    { name: 'euler', title: 'Euler, 50 steps', sampler: new EulerSampler({ numSamplingSteps: 50 }), net, ode: true },
    { name: 'heun', title: 'Heun, 16 steps', sampler: new HeunSampler({ numSamplingSteps: 16 }), net, ode: true },
    {
      name: 'heun-full',
      title: "Heun, 16 steps, lastStep 'full'",
      sampler: new HeunSampler({ numSamplingSteps: 16, lastStep: 'full' }),
      net,
      ode: true,
    },
    {
      name: 'euler-maruyama',
      title: 'Euler-Maruyama, 100 steps, linear',
      sampler: new EulerMaruyamaSampler({ ...maruyama, ...tStart }),
      net,
      ode: false,
    },
    {
      name: 'euler-maruyama-mean',
      title: "Euler-Maruyama, 100 steps, linear, lastStep 'mean'",
      sampler: new EulerMaruyamaSampler({ ...maruyama, ...tStart, lastStep: 'mean' }),
      net,
      ode: false,
    },
    {
      name: 'euler-jump',
      title: 'EulerJump, 32 jumps (midpoint stand-in)',
      sampler: new EulerJumpSampler({ numSamplingSteps: 32 }),
      net: flowMap,
      ode: true,
    },
  ];
}

async function agreement(classifier: OnnxModel, digits: Float32Array): Promise<number> {
  const { logits } = await classifier.run({ x: digits });
  const scores = logits?.data as Float32Array;
  return LABELS.filter((label, i) => {
    const row = scores.subarray(10 * i, 10 * i + 10);
    return row.indexOf(Math.max(...row)) === label;
  }).length;
}

/** Root mean square of the difference; pixels are in [-1, 1]. */
function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0) / a.length);
}

async function main(): Promise<void> {
  using device = await Device.open('cpu');
  const model = join(ROOT, 'models', 'digits-sit.onnx');
  using network = await OnnxNet.load(model, { device });
  using asked = await OnnxModel.load(model, { device });
  using classifier = await OnnxModel.load(join(ROOT, 'models', 'digits-classifier.onnx'), { device });
  const sit = new SiTInterface(network);

  const draw = async (sampler: Samplers, net: Net): Promise<{ data: Float32Array; evaluations: string }> => {
    const run = sampler.sample(new Rng(SEED), net, [COUNT, 1, 28, 28], {
      guidanceScale: 2,
      netKwargs: { y: LABELS },
      gNetKwargs: { y: LABELS.map(() => NULL_LABEL) },
      device,
    });
    using digits = await run;
    return { data: await digits.data(), evaluations: String(run.plan?.evaluations) };
  };

  const { data: solution } = await draw(new HeunSampler({ numSamplingSteps: 128 }), sit);
  const rows: string[][] = [];
  for (const { name, title, sampler, net, ode } of entries(sit, midpointFlowMap(asked))) {
    const begin = performance.now();
    const { data, evaluations } = await draw(sampler, net);
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    const file = `digits-${name}.png`;
    const shown = drawGrid(data.subarray(0, SHOWN * 784), [SHOWN, 1, 28, 28], { scale: 3, gap: 4 });
    writeFileSync(join(ROOT, 'docs', file), encodePng(shown));
    const agreed = `${await agreement(classifier, data)} of ${COUNT}`;
    const off = ode ? distance(data, solution).toFixed(3) : '-';
    rows.push([title, evaluations, agreed, off, seconds, `[picture](${file})`]);
    process.stderr.write(`${rows.at(-1)?.join(', ')}\n`);
  }
  const head = ['sampler', 'evaluations', 'classifier agrees', 'from Heun 128', 'seconds', 'picture'];
  writeTables({ gallery: markdownTable(head, ['left', 'right', 'right', 'right', 'right', 'left'], rows) });

  const { stdout, stderr } = process;
  const signal = new AbortController().signal;
  process.exitCode = await runDemo(['--out', join(ROOT, 'docs', 'digits.png')], { stdout, stderr, signal });
}

void main();
