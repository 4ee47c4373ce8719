/** Options are validated before anything runs. */
import {
  EDMInterface,
  EulerSampler,
  GaussianMixtureNet,
  InvalidArgumentError,
  Rng,
  SiTInterface,
  Tensor,
  type Device,
  type Expr,
  type Step,
} from '../../src';
import { openDevice } from '../support/device';
import { guide, unitStart } from '../support/mixture';
import { sit } from '../support/networks';

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 2 });
});
afterAll(() => device.dispose());

const rng = new Rng(3);

describe('options are validated before anything runs', () => {
  const net = sit(() => {});
  const sampler = new EulerSampler();
  it.each<[string, () => unknown]>([
    ['rng', () => sampler.sample(7 as never, net, [1, 2])],
    ['net', () => sampler.sample(rng, {} as never, [1, 2])],
    ['shape', () => sampler.sample(rng, net, [1, -2])],
    ['shape', () => sampler.sample(rng, net, [2 ** 31, 2 ** 31])],
    ['x', () => sampler.sample(rng, net, 'noise' as never)],
    ['x.data.length', () => sampler.sample(rng, net, { data: new Float32Array(3), shape: [1, 2] })],
    ['x.data', () => sampler.sample(rng, net, { data: [1, 2] as never, shape: [1, 2] })],
    ['init', () => sampler.sample(rng, net, [1, 2], { init: 'zeros' as never })],
    ['guidanceScale', () => sampler.sample(rng, net, [1, 2], { guidanceScale: 2 })],
    ['guidanceScale', () => sampler.sample(rng, net, [2, 2], { gNet: net, guidanceScale: [1] })],
    ['guidanceScale[1]', () => sampler.sample(rng, net, [2, 2], { gNet: net, guidanceScale: [1, Number.NaN] })],
    ['gNet', () => sampler.sample(rng, net, [1, 2], { gNet: new EDMInterface(() => {}) })],
    ['netKwargs', () => sampler.sample(rng, net, [1, 2], { netKwargs: [1] as never })],
    ['offset', () => sampler.sample(rng, net, [1, 2], { offset: -1 })],
    ['offset', () => sampler.sample(rng, net, [4, 2], { offset: Number.MAX_SAFE_INTEGER })],
    ['offset', () => sampler.sample(rng, net, [1, 2], { offset: 0, seeds: new BigUint64Array(1) })],
    ['seeds', () => sampler.sample(rng, net, [1, 2], { seeds: [1n] as never })],
    ['trajectory key', () => sampler.sample(rng, net, [1, 2], { trajectory: { states: true } as never })],
    ['guidanceInterval', () => sampler.sample(rng, net, [1, 2], { guidanceInterval: [0, 1] })],
    ['guidanceInterval', () => sampler.sample(rng, net, [2, 2], { gNet: net, guidanceInterval: [[0, 1]] })],
    [
      'guidanceInterval[1]',
      () =>
        sampler.sample(rng, net, [2, 2], {
          gNet: net,
          guidanceInterval: [
            [0, 1],
            [0, NaN],
          ],
        }),
    ],
    ['shape', () => sampler.sample(rng, net, [2 ** 34, 0])],
    [
      'init',
      () => sampler.step(rng, net, Tensor.from(unitStart, [8, 4], device), { index: 0, init: 'noise' } as never),
    ],
    [
      'state.carry.v',
      () => {
        const x = Tensor.from(unitStart, [8, 4], device);
        return sampler.step(rng, net, { x, carry: { v: Tensor.from(unitStart, [4, 8], device) } }, { index: 0 });
      },
    ],
    [
      't',
      () => {
        class AtData extends EulerSampler {
          override forward(step: Step): Expr {
            return step.net.score(step.x, 0);
          }
        }
        return new AtData().sample(rng, net, [1, 2], { device });
      },
    ],
    [
      'timeGrid',
      () => {
        class Odd extends EulerSampler {
          override sampleT(): Float64Array {
            return Float64Array.of(1, 0.5, 0.7, 0);
          }
        }
        return new Odd().sample(rng, net, [1, 2], { device });
      },
    ],
    ['signal', () => sampler.sample(rng, net, [1, 2], { signal: {} as never })],
    ['options key', () => sampler.sample(rng, net, [1, 2], { guidance: 2 } as never)],
    ['index', () => sampler.step(rng, net, Tensor.from(unitStart, [8, 4], device), { index: 99, device })],
    ['network', () => new SiTInterface(3 as never)],
  ])('%s', async (name, call) => {
    let error: unknown;
    try {
      await call();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toContain(`\`${name}\``);
  });

  it('with a network of another device', async () => {
    using other = await openDevice({ threads: 1 });
    const there = new SiTInterface(GaussianMixtureNet.create(guide, { device: other }));
    expect(() => sampler.sample(rng, there, [1, 4], { device })).toThrow(/on one device/);
  });
});
