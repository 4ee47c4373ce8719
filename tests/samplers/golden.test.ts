import { EulerSampler, HeunSampler, ModelInterface, SiTInterface, type Samplers, type SampleOptions } from '../../src';
import { interpret, type Network64 } from '../support/interpret';
import {
  conditional,
  exactDenoiser,
  exactVelocity,
  goldenCase,
  guide,
  maxDifference,
  unitStart,
  unitStart64,
} from '../support/mixture';
import { VE_X0_RECORD } from '../support/records';

const never = (): void => {
  throw new Error('a plan calls no network');
};
const start = { data: unitStart, shape: [8, 4] };

async function inFloat64(
  sampler: Samplers,
  net: ModelInterface,
  options: SampleOptions,
  networks: Network64[],
): Promise<Float64Array> {
  const plan = await sampler.plan(net, start, { init: 'noise', ...options });
  return interpret(plan, { networks, state: unitStart64 });
}

test('Euler on SiT gives the numbers of diffuse_nnx, plain and guided', async () => {
  const sampler = new EulerSampler({ numSamplingSteps: 8 });
  const net = new SiTInterface(never);
  const networks = [exactVelocity(conditional), exactVelocity(guide)];
  const plain = await inFloat64(sampler, net, {}, networks);
  expect(maxDifference(plain, goldenCase('upstream/euler/sit/uniform/8').result)).toBeLessThan(1e-12);
  const gNet = new SiTInterface(() => never());
  const guided = await inFloat64(sampler, net, { gNet, guidanceScale: 2.5 }, networks);
  expect(maxDifference(guided, goldenCase('upstream/euler/sit/uniform/8/gnet2.5').result)).toBeLessThan(1e-12);
});

test.each([
  ['kdiff/euler', EulerSampler],
  ['kdiff/heun', HeunSampler],
])('%s: the numbers of k-diffusion, on a record of its parametrisation', async (id, Sampler) => {
  const { result, sigmas } = goldenCase(id);
  const net = new ModelInterface(VE_X0_RECORD, never);
  const denoiser = exactDenoiser(conditional, VE_X0_RECORD.path);
  const ours = await inFloat64(new Sampler({ timeGrid: sigmas }), net, {}, [denoiser]);
  expect(maxDifference(ours, result)).toBeLessThan(1e-11);
});
