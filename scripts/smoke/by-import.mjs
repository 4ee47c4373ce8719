/** Samples with the package that `import` finds from this folder, by named exports, and prints the digest. */
import { EulerSampler, GaussianMixtureNet, HeunSampler, Rng, SiTInterface } from 'diffusion-samplers';
import drawSmoke from './draw.cjs';

console.log(await drawSmoke({ EulerSampler, GaussianMixtureNet, HeunSampler, Rng, SiTInterface }));
