/** A whole job on an exact network. */
import {
  GaussianMixtureNet,
  Rng,
  SiTInterface,
  type Device,
  type ModelInterface,
  type SampleOptions,
  type Samplers,
} from '../src/index';

export interface Job {
  net: ModelInterface;
  shape: number[];
  options: SampleOptions;
}

export function mixtureJob(shape: number[], device: Device): Job {
  const elements = shape.slice(1).reduce((n, d) => n * d, 1);
  const means = [-1, -0.3, 0.3, 1].map((centre) => Array.from({ length: elements }, (_, i) => centre * Math.sin(i)));
  const mixture = { weights: [1, 1, 1, 1], means, deviations: [0.3, 0.3, 0.3, 0.3], classes: [0, 1, 0, 1] };
  const net = new SiTInterface(GaussianMixtureNet.create(mixture, { device }));
  return { net, shape, options: { device, netKwargs: { y: 0 }, gNetKwargs: { y: -1 }, guidanceScale: 2 } };
}

export async function draw(sampler: Samplers, { net, shape, options }: Job, seed: number): Promise<void> {
  (await sampler.sample(new Rng(seed), net, shape, options)).dispose();
}
