/**
 * Draws the same samples on the CPU and on the GPU through dist/ and the addon, and compares their bits: every sampler on
 * every interface, with and without guidance, with exact networks and with one in JavaScript. Needs no package but itself;
 * DS_DIST names another folder than dist/.
 */
'use strict';
const { join } = require('node:path');
const {
  Device,
  EDMInterface,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  MeanFlowInterface,
  Rng,
  SiTInterface,
} = require(process.env.DS_DIST ?? join(__dirname, '..', '..', 'dist'));

const SHAPE = [3, 37];
const steps = { numSamplingSteps: 6 };
const karras = { ...steps, samplingTimeDist: 'exp' };

function exact(kind, device, shift) {
  const means = [0.5, -0.5].map((mean) => Array.from({ length: SHAPE[1] }, (_, i) => mean + shift + (i % 5) / 10));
  const mixture = { weights: [1, 2], means, deviations: [0.3, 0.4] };
  const net = GaussianMixtureNet.create(mixture, { device, interface: kind });
  return kind === 'sit' ? new SiTInterface(net) : new EDMInterface(net);
}

const onSit = (device, shift) => exact('sit', device, shift);
const onEdm = (device, shift) => exact('edm', device, shift);
const inJavaScript = (Interface) => (_, shift) =>
  new Interface(({ x, t, out }) => x.forEach((value, i) => (out[i] = (value - shift) * (1 + t[0] / 4))));

/** The start of a run is noise of its own: with one step to the end, a network of zeros leaves nothing else. */
const zeros = () => new SiTInterface(({ out }) => void out.fill(0));

const CASES = [
  ['EulerSampler, SiT', new EulerSampler(steps), onSit],
  ['EulerSampler, EDM', new EulerSampler(karras), onEdm],
  ['HeunSampler, SiT', new HeunSampler(steps), onSit],
  ['HeunSampler, EDM', new HeunSampler(karras), onEdm],
  ['EulerMaruyamaSampler, SiT', new EulerMaruyamaSampler({ ...steps, diffusionCoeff: 'linear' }), onSit],
  ['EulerMaruyamaSampler, EDM', new EulerMaruyamaSampler({ ...karras, diffusionCoeff: 'linear' }), onEdm],
  ['EulerSampler, SiT in JavaScript', new EulerSampler(steps), inJavaScript(SiTInterface)],
  ['EulerJumpSampler, MeanFlow in JavaScript', new EulerJumpSampler(steps), inJavaScript(MeanFlowInterface)],
  ['noise alone, 1 100 000 numbers', new EulerSampler({ numSamplingSteps: 1 }), zeros, [11, 100_000]],
];

async function draw(device, [, sampler, make, shape = SHAPE], guided) {
  const options = guided ? { device, gNet: make(device, 0.1), guidanceScale: 2 } : { device };
  const samples = await sampler.sample(new Rng(42), make(device, 0), shape, options);
  const data = await samples.data();
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length).slice();
  samples.dispose();
  return words;
}

async function main() {
  const cpu = await Device.open('cpu');
  const gpu = await Device.open('cuda');
  console.log(`held against the CPU: ${gpu.name}`);
  let failed = 0;
  for (const each of CASES) {
    for (const guided of each[2] === zeros ? [false] : [false, true]) {
      const [expected, found] = [await draw(cpu, each, guided), await draw(gpu, each, guided)];
      const at = expected.findIndex((word, i) => word !== found[i]);
      const same = at < 0 && expected.length === found.length;
      console.log(
        `${same ? 'same     ' : 'DIFFERENT'} ${expected.length} numbers  ${each[0]}${guided ? ', guided' : ''}`,
      );
      if (same) continue;
      failed++;
      const word = (words) => (words[at] ?? 0).toString(16).padStart(8, '0');
      console.log(`  the first is number ${at}: ${word(expected)} on the CPU, ${word(found)} on the GPU`);
    }
  }
  cpu.dispose();
  gpu.dispose();
  if (failed > 0) process.exitCode = 1;
}

void main();
