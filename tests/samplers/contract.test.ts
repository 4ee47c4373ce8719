import { EulerMaruyamaSampler, EulerSampler, HeunSampler } from '../../src';
import { contractSuite } from '../support/contract-suite';
import { Ab2Sampler, MidpointSampler, NoisySampler } from '../support/own-samplers';

contractSuite('EulerSampler', { make: (c) => new EulerSampler(c), evaluations: (n) => n, deterministic: true });
contractSuite('HeunSampler', { make: (c) => new HeunSampler(c), evaluations: (n) => 2 * n - 1, deterministic: true });
contractSuite('EulerMaruyamaSampler', {
  make: (c) => new EulerMaruyamaSampler({ ...c, diffusionCoeff: 'linear' }),
  evaluations: (n) => n,
  deterministic: false,
});
contractSuite("a user's MidpointSampler", {
  make: (c) => new MidpointSampler(c),
  evaluations: (n) => 2 * n - 1,
  deterministic: true,
});
contractSuite("a user's Ab2Sampler", { make: (c) => new Ab2Sampler(c), evaluations: (n) => n, deterministic: true });
contractSuite("a user's NoisySampler", {
  make: (c) => new NoisySampler(c),
  evaluations: (n) => n,
  deterministic: false,
});
