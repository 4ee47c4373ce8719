import { EulerJumpSampler, EulerMaruyamaSampler, EulerSampler, HeunSampler, MeanFlowInterface } from '../../src';
import { contractSuite } from '../support/contract-suite';
import { conditional, guide } from '../support/mixture';
import { mixtureFunction } from '../support/networks';
import { Ab2Sampler, MidpointSampler, NoisySampler } from '../support/own-samplers';

contractSuite('EulerSampler', { make: (c) => new EulerSampler(c), evaluations: (n) => n, deterministic: true });
contractSuite('HeunSampler', { make: (c) => new HeunSampler(c), evaluations: (n) => 2 * n - 1, deterministic: true });
contractSuite("HeunSampler with lastStep 'full'", {
  make: (c) => new HeunSampler({ ...c, lastStep: 'full' }),
  evaluations: (n) => 2 * n,
  deterministic: true,
});
contractSuite('EulerMaruyamaSampler', {
  make: (c) => new EulerMaruyamaSampler({ ...c, diffusionCoeff: 'linear' }),
  evaluations: (n) => n,
  deterministic: false,
  sde: true,
});
contractSuite('EulerJumpSampler', {
  make: (c) => new EulerJumpSampler(c),
  evaluations: (n) => n,
  deterministic: true,
  // Any network that takes a second time will do here; exact flow maps are in euler-jump.test.ts.
  nets: () => ({
    net: new MeanFlowInterface(mixtureFunction(conditional)),
    gNet: new MeanFlowInterface(mixtureFunction(guide)),
  }),
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
