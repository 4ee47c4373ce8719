import {
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  SiTInterface,
  type Samplers,
  type SamplersConfig,
  type Step,
} from '../../src';
import { interpret } from '../support/interpret';
import { measureOrder } from '../support/measure';
import { conditional, exactVelocity, guide, maxDifference, unitStart, unitStart64 } from '../support/mixture';

const start = { data: unitStart, shape: [8, 4] };
const never = (): never => {
  throw new Error('a plan calls no network');
};

describe('faults that were planted are caught', () => {
  it("the old slope in Heun's second stage is caught by its order", async () => {
    class OldSlope extends HeunSampler {
      override forward({ net, x, tCurr, dt }: Step) {
        const v = net.velocity(x, tCurr);
        return x.add(v.add(v).scale(dt / 2));
      }
    }
    const { order } = await measureOrder((c) => new OldSlope(c), 'sit');
    expect(Math.abs(order - 2)).toBeGreaterThan(0.5);
  });

  /** The last step alone, guided: x + dt (u + w (c - u)), or D of that. */
  const lastStepError = async (sampler: Samplers, options: object = {}): Promise<number> => {
    const net = new SiTInterface(never);
    const gNet = new SiTInterface(() => never());
    const plan = await sampler.plan(net, start, { gNet, guidanceScale: 2.5, ...options });
    const [c, u] = [exactVelocity(conditional), exactVelocity(guide)];
    const end = interpret(plan, { networks: plan.data.evaluators.length === 1 ? [c] : [c, u], state: unitStart64 });
    const t = new Float64Array(8).fill(0.3);
    const [vc, vu] = [c(unitStart64, t), u(unitStart64, t)];
    return maxDifference(
      end,
      unitStart64.map((x, i) => x - 0.3 * ((vu[i] as number) + 2.5 * ((vc[i] as number) - (vu[i] as number)))),
    );
  };
  const config: SamplersConfig = { timeGrid: [0.3, 0] };

  it.each<[string, Samplers]>([
    ['Euler', new EulerSampler(config)],
    ['Heun', new HeunSampler(config)],
    ["Euler-Maruyama's denoised value", new EulerMaruyamaSampler({ ...config, diffusionCoeff: 'linear' })],
  ])('%s: guidance that is lost in the last step is caught by its value', async (_, sampler) => {
    expect(await lastStepError(sampler)).toBeLessThan(1e-12);
    expect(await lastStepError(sampler, { guidanceInterval: [0.5, 1] })).toBeGreaterThan(0.01);
  });
});
