import {
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  MeanFlowInterface,
  SiTInterface,
  type Samplers,
  type SamplersConfig,
  type Step,
} from '../../src';
import { interpret } from '../support/interpret';
import { measureOrder, planNet, regularGrid, type Make } from '../support/measure';
import { conditional, exactVelocity, guide, maxDifference, rms, unitStart, unitStart64 } from '../support/mixture';
import { Ab2Sampler, MidpointSampler } from '../support/own-samplers';

const SAMPLERS: [string, Make, number][] = [
  ['Euler', (c) => new EulerSampler(c), 1],
  ['Heun', (c) => new HeunSampler(c), 2],
  ["Heun with lastStep 'full'", (c) => new HeunSampler({ ...c, lastStep: 'full' }), 2],
  ['Midpoint', (c) => new MidpointSampler(c), 2],
  ['Adams-Bashforth', (c) => new Ab2Sampler(c), 2],
];
const start = { data: unitStart, shape: [8, 4] };
const never = (): never => {
  throw new Error('a plan calls no network');
};

describe.each(SAMPLERS)('%s', (_, make, declared) => {
  it.each(['sit', 'edm'] as const)('has its order on %s', async (kind) => {
    expect(make({}).order).toBe(declared);
    const { order } = await measureOrder(make, kind);
    expect(Math.abs(order - declared)).toBeLessThan(0.2);
  });

  it('is exact for a constant velocity, in one step or many, in either direction', async () => {
    for (const timeGrid of [
      [1, 0],
      [1, 0.9, 0.3, 0.05],
      [0.1, 0.4, 1],
    ]) {
      const plan = await make({ timeGrid }).plan(planNet('sit'), start);
      const end = interpret(plan, { networks: [(x) => x.map(() => -1.75)], state: unitStart64 });
      const span = (timeGrid.at(-1) as number) - (timeGrid[0] as number);
      expect(
        maxDifference(
          end,
          unitStart64.map((x) => x - 1.75 * span),
        ),
      ).toBeLessThan(1e-13);
    }
  });

  it('returns from data to noise and back within the error of its order', async () => {
    const velocity = exactVelocity(conditional);
    const round = async (steps: number): Promise<number> => {
      const grid = regularGrid('sit', steps);
      const down = await make({ timeGrid: grid }).plan(planNet('sit'), start);
      const up = await make({ timeGrid: [...grid].reverse() }).plan(planNet('sit'), start);
      const there = interpret(down, { networks: [velocity], state: unitStart64 });
      return rms(interpret(up, { networks: [velocity], state: there }), unitStart64);
    };
    const [coarse, fine] = [await round(80), await round(160)];
    expect(fine).toBeLessThan(0.05);
    expect(Math.log2(coarse / fine)).toBeGreaterThan(declared - 0.3);
  });
});

test('jumps are exact for a constant velocity too', async () => {
  const plan = await new EulerJumpSampler({ numSamplingSteps: 3 }).plan(new MeanFlowInterface(never), start);
  const end = interpret(plan, { networks: [(x) => x.map(() => 0.5)], state: unitStart64 });
  expect(
    maxDifference(
      end,
      unitStart64.map((x) => x - 0.5),
    ),
  ).toBeLessThan(1e-13);
});

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
