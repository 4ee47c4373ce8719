/** One large run on any number of a CPU device's threads, which share its passes: the same bits. */
import {
  Device,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  MeanFlowInterface,
  Rng,
  SiTInterface,
  type Net,
  type NetworkFunction,
  type Samplers,
} from '../src';
import { Ab2Sampler, MidpointSampler, NoisySampler } from './support/own-samplers';

const config = { numSamplingSteps: 3 };
const SAMPLERS: Samplers[] = [
  new EulerSampler(config),
  new HeunSampler(config),
  new EulerMaruyamaSampler({ ...config, diffusionCoeff: 'linear' }),
  new EulerJumpSampler(config),
  new MidpointSampler(config),
  new Ab2Sampler(config),
  new NoisySampler(config),
];

const half: NetworkFunction = ({ x, out }) => x.forEach((value, i) => (out[i] = value / 2));
const negated: NetworkFunction = ({ x, out }) => x.forEach((value, i) => (out[i] = -value));

type Nets = (device: Device) => { net: Net; gNet: Net };
const exact: Nets = (device) => {
  const means = [-1, 1].map((sign) => Array.from({ length: 500 }, (_, i) => (sign * (i % 7)) / 7));
  const mixture = (weight: number): Net =>
    new SiTInterface(GaussianMixtureNet.create({ weights: [1, weight], means, deviations: [0.3, 0.5] }, { device }));
  return { net: mixture(1), gNet: mixture(3) };
};
const functions: Nets = () => ({ net: new SiTInterface(half), gNet: new SiTInterface(negated) });
const jumps: Nets = () => ({ net: new MeanFlowInterface(half), gNet: new MeanFlowInterface(negated) });

async function bits(sampler: Samplers, nets: Nets, shape: number[], threads: number): Promise<Buffer> {
  const device = await Device.open('cpu', { threads });
  try {
    const { net, gNet } = nets(device);
    using samples = await sampler.sample(new Rng(5), net, shape, { device, gNet, guidanceScale: 2 });
    const data = await samples.data();
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  } finally {
    device.dispose();
  }
}

describe.each(SAMPLERS.map((sampler) => [sampler.constructor.name, sampler] as const))('%s', (_name, sampler) => {
  const cases: [string, Nets, number[]][] =
    sampler instanceof EulerJumpSampler
      ? [['one long row', jumps, [1, 2 ** 18 + 13]]]
      : [
          ['many rows', exact, [301, 500]],
          ['one long row', functions, [1, 2 ** 18 + 13]],
        ];
  it.each(cases)('has the bits of one thread on two and three, with %s', async (_rows, nets, shape) => {
    const alone = await bits(sampler, nets, shape, 1);
    for (const threads of [2, 3]) expect(alone.equals(await bits(sampler, nets, shape, threads))).toBe(true);
  });
});
