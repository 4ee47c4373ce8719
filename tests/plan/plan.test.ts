import {
  eulerStep,
  HeunSampler,
  EDMInterface,
  EulerSampler,
  InvalidArgumentError,
  Samplers,
  SiTInterface,
  type Expr,
  type Plan,
  type Step,
} from '../../src';
import { interpret } from '../support/interpret';
import { conditional, exactVelocity, maxDifference, unitStart64 } from '../support/mixture';
import { Ab2Sampler, NoisySampler } from '../support/own-samplers';

const never = (): void => {
  throw new Error('a plan calls no network');
};
const net = new SiTInterface(never);
const gNet = new SiTInterface(() => never());
const SHAPE = [8, 4];
const stages = (plan: Plan, entry: number) =>
  plan.data.programs[plan.data.entries[entry]?.program as number]?.stages ?? [];

describe('Heun with guidance on SiT', () => {
  let plan: Plan;
  beforeAll(async () => {
    plan = await new HeunSampler({ numSamplingSteps: 32 }).plan(net, SHAPE, { gNet, guidanceScale: 2 });
  });

  it('costs four evaluations and two combine passes per step', () => {
    const middle = plan.data.entries[5];
    expect(plan.costOf(middle as never)).toMatchObject({ evaluations: 4, passes: 2 });
    expect(plan.evaluations).toBe(31 * 4 + 2);
    expect(plan.passes).toBe(1 + 31 * 2 + 1); // the start, two a step, one in the last
  });

  it('groups the guide with the network it guides, at one input and time', () => {
    expect(stages(plan, 5).map((s) => (s.kind === 'evaluate' ? s.calls.length : s.kind))).toEqual([
      2,
      'combine',
      2,
      'combine',
    ]);
  });

  it('reads five arrays and writes one in the second pass, three and one in the first', () => {
    const passes = stages(plan, 5).filter((s) => s.kind === 'combine');
    expect(passes.map((s) => [s.terms.length, s.outputs.length])).toEqual([
      [3, 1],
      [5, 1],
    ]);
    expect(plan.costOf(plan.data.entries[5] as never).bytes).toBe((3 + 1 + 5 + 1) * 32 * 4);
  });

  it('is three step programs whatever the number of steps, in a workspace that does not grow', async () => {
    const longer = await new HeunSampler({ numSamplingSteps: 500 }).plan(net, SHAPE, { gNet, guidanceScale: 2 });
    expect(longer.data.programs).toHaveLength(3);
    expect(longer.workspaceBytes).toBe(plan.workspaceBytes);
    expect(plan.data.slots).toHaveLength(6); // x, x1, and two outputs at either point
  });

  it('prints itself, with its costs, and goes through JSON', () => {
    expect(plan.toString()).toContain('126 network evaluations, 64 combine passes');
    expect(plan.toString()).toContain('step 0: t 1 -> 0.96875');
    const data = JSON.parse(JSON.stringify(plan)) as { totals: unknown; entries: unknown[] };
    expect(data.totals).toEqual({ evaluations: 126, passes: 64, bytes: plan.bytes });
    expect(data.entries).toHaveLength(33);
  });
});

test('the guide is not evaluated where no row needs it, nor the net where every row has scale 0', async () => {
  const sampler = new EulerSampler({ numSamplingSteps: 3 });
  expect((await sampler.plan(net, SHAPE, { gNet, guidanceScale: 1 })).evaluations).toBe(3);
  expect((await sampler.plan(net, SHAPE, { gNet, guidanceScale: 0 })).evaluations).toBe(3);
  expect((await sampler.plan(net, SHAPE, { gNet, guidanceScale: [1, 1, 1, 1, 1, 1, 1, 2] })).evaluations).toBe(6);
});

test('rows with equal scales share their numbers', async () => {
  const scale = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 2 : 3));
  const plan = await new EulerSampler({ numSamplingSteps: 3 }).plan(net, [1000, 4], { gNet, guidanceScale: scale });
  expect(plan.data.classes).toBe(2);
  expect([...plan.data.rowClass.subarray(0, 4)]).toEqual([0, 1, 0, 1]);
});

test('a preconditioned input is derived in the pass that makes the state, not in one of its own', async () => {
  const edm = new EDMInterface(never);
  const grid = [80, 20, 5, 1, 0.1];
  const plan = await new EulerSampler({ timeGrid: grid }).plan(edm, SHAPE);
  expect(plan.passes).toBe(1 + 4);
  const first = stages(plan, 0)[0];
  expect(first?.kind === 'combine' && first.outputs.map((o) => o.derived)).toEqual([false, true]);
  const given = await new EulerSampler({ timeGrid: grid }).plan(edm, { data: new Float32Array(32), shape: SHAPE });
  expect(given.passes).toBe(1 + 4); // a state that is given needs one pass for the first input
});

test('a network is asked once for what several predictions need', async () => {
  class Twice extends Samplers {
    forward({ net: n, x, tCurr, dt }: Step): Expr {
      return x.add(n.velocity(x, tCurr).scale(dt)).add(n.score(x, tCurr).scale(dt * 1e-3));
    }
    lastStep(step: Step): Expr {
      return eulerStep(step);
    }
  }
  expect((await new Twice({ numSamplingSteps: 5 }).plan(net, SHAPE)).evaluations).toBe(5);
});

test('what a sampler carries is a further output of the same pass', async () => {
  const plan = await new Ab2Sampler({ numSamplingSteps: 6 }).plan(net, SHAPE);
  expect(plan.passes).toBe(1 + 6);
  const pass = stages(plan, 3).find((s) => s.kind === 'combine');
  expect(pass?.kind === 'combine' && [pass.terms.length, pass.outputs.length]).toEqual([3, 2]);
});

test('a sampler object keeps nothing between steps: interleaved plans equal separate ones', async () => {
  const sampler = new Ab2Sampler({ numSamplingSteps: 300 });
  const alone = await sampler.plan(net, SHAPE);
  const both = await Promise.all([sampler.plan(net, SHAPE), sampler.plan(net, SHAPE)]);
  both.forEach((plan) => expect(JSON.stringify(plan)).toBe(JSON.stringify(alone)));
  expect(Object.keys(sampler).sort()).toEqual(Object.keys(new Ab2Sampler({ numSamplingSteps: 300 })).sort());
});

test('a history of three values, shifted and dropped, is carried right', async () => {
  class Shifting extends Samplers {
    forward({ net: n, x, tCurr, dt, carry, index }: Step): Expr {
      const v = n.velocity(x, tCurr);
      const [a, b] = [carry['a'], carry['b']];
      carry['a'] = v;
      carry['b'] = a;
      if (index === 6) carry['b'] = undefined;
      return x
        .add(v.scale(dt))
        .add((b ?? x.sub(x)).scale(0.01))
        .add((a ?? x.sub(x)).scale(0.02));
    }
    lastStep(step: Step): Expr {
      return eulerStep(step);
    }
  }
  const velocity = exactVelocity(conditional);
  const plan = await new Shifting({ numSamplingSteps: 10 }).plan(net, { data: new Float32Array(32), shape: SHAPE });
  const result = interpret(plan, { networks: [velocity], state: unitStart64 });
  let x = unitStart64.slice();
  let a: Float64Array | undefined;
  let b: Float64Array | undefined;
  for (let k = 0; k < 10; k++) {
    const v: Float64Array = velocity(x, new Float64Array(8).fill(1 - k / 10));
    const history = (i: number): number => 0.01 * (b?.[i] ?? 0) + 0.02 * (a?.[i] ?? 0);
    x = x.map((value, i) => value - (v[i] as number) / 10 + (k < 9 ? history(i) : 0));
    b = k === 6 ? undefined : a;
    a = v;
  }
  expect(maxDifference(result, x)).toBeLessThan(1e-12);
});

test('every draw of noise in a run has its own index', async () => {
  const plan = await new NoisySampler({ numSamplingSteps: 5 }).plan(net, SHAPE);
  const draws = plan.data.entries.flatMap((e) =>
    (plan.data.programs[e.program]?.drawWords ?? []).map((word) => e.numbers[word] as number),
  );
  expect(draws).toHaveLength(1 + 4 * 2);
  expect(new Set(draws).size).toBe(draws.length);
});

test('tracing yields to the event loop', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await new HeunSampler({ numSamplingSteps: 20_000 }).plan(net, SHAPE, {
    gNet,
    guidanceScale: [1, 2, 3, 4, 5, 6, 7, 8],
  });
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(5);
});

describe('what a sampler may not do is refused', () => {
  const bad = (forward: (step: Step) => unknown): Promise<Plan> => {
    class BadSampler extends Samplers {
      forward(step: Step): Expr {
        return forward(step) as Expr;
      }
      lastStep(step: Step): Expr {
        return eulerStep(step);
      }
    }
    return new BadSampler({ numSamplingSteps: 3 }).plan(net, SHAPE);
  };
  let stolen: Expr | undefined;

  it.each<[string, (step: Step) => unknown, RegExp]>([
    ['returning a number', () => 3, /result of BadSampler.forward/],
    ['keeping an Expr of another step', ({ x }) => (stolen ??= x), /Expr of this step/],
    ['carrying something else', (s) => ((s.carry['v'] = 7 as never), s.x), /`v`/],
    ['scaling by infinity', ({ x }) => x.scale(Number.POSITIVE_INFINITY), /factor of scale/],
    ['coefficients beyond float32', ({ x }) => x.scale(1e30).scale(1e30), /finite coefficients.*step 0/],
    [
      'more than 16 terms',
      (s) => Array.from({ length: 16 }).reduce<Expr>((e) => e.add(s.noise()), s.x),
      /at most 16 terms/,
    ],
  ])('%s', async (_, forward, message) => {
    await expect(bad(forward)).rejects.toThrow(InvalidArgumentError);
    await expect(bad(forward)).rejects.toThrow(message);
  });
});
