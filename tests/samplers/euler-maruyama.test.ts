import {
  DiffusionCoeffType,
  EDMInterface,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  InvalidArgumentError,
  ModelInterface,
  Rng,
  SiTInterface,
  type DiffusionCoeff,
  type EulerMaruyamaConfig,
  type InterfaceRecord,
  type NetworkFunction,
} from '../../src';
import { fewerOnCuda, openDevice } from '../support/device';
import { interpret } from '../support/interpret';
import { exactMoments, GAUSSIAN, measureStrongOrder, planNet, type Kind } from '../support/measure';
import {
  conditional,
  exactVelocity,
  goldenCase,
  goldenNoise,
  maxDifference,
  unitStart,
  unitStart64,
} from '../support/mixture';

const VARIANCE = 0.25; // of GAUSSIAN
const MEAN = 0.7;

/** Coefficients that belong to each clock, with the start that they need. */
const CASES: [Kind, DiffusionCoeff, EulerMaruyamaConfig][] = [
  ...Object.values(DiffusionCoeffType).map((w): [Kind, DiffusionCoeff, EulerMaruyamaConfig] => [
    'sit',
    w,
    { diffusionCoeff: w, samplingTimeKwargs: { tStart: w === 'linear_kl' ? 0.99 : 1 } },
  ]),
  ['edm', 'constant', { diffusionCoeff: 'constant', samplingTimeDist: 'exp', samplingTimeKwargs: { sigmaMax: 20 } }],
  [
    'edm',
    'linear',
    { diffusionCoeff: 'linear', diffusionCoeffNorm: 2, samplingTimeDist: 'exp', samplingTimeKwargs: { sigmaMax: 20 } },
  ],
];

describe.each(CASES)('on %s with w(t) %s', (kind, _, config) => {
  it('converges to the mean and variance of Gaussian data, with weak order 1 or better', async () => {
    const errors: number[] = [];
    for (const numSamplingSteps of [100, 200, 400]) {
      const { mean, variance } = await exactMoments(new EulerMaruyamaSampler({ ...config, numSamplingSteps }), kind);
      errors.push(Math.abs(mean - MEAN) + Math.abs(variance - VARIANCE));
    }
    const [a, b, c] = errors as [number, number, number];
    expect(c).toBeLessThan(0.03);
    // What starts at t < 1 or at a finite sigma keeps the small error of its start.
    expect(c < 0.65 * b || c < 0.005).toBe(true);
    expect(b).toBeLessThan(a);
  });

  it('draws with that mean and variance natively, within 4.9 standard errors (1 - 1e-6)', async () => {
    using device = await openDevice({ threads: 1 });
    const network = GaussianMixtureNet.create(GAUSSIAN, { device, interface: kind });
    const net = kind === 'sit' ? new SiTInterface(network) : new EDMInterface(network);
    const sampler = new EulerMaruyamaSampler({ ...config, numSamplingSteps: 100 });
    const expected = await exactMoments(sampler, kind);
    const n = fewerOnCuda(40_000, 20);
    using samples = await sampler.sample(new Rng(77), net, [n, 1]);
    const x = await samples.data();
    const mean = x.reduce((sum, v) => sum + v, 0) / n;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n;
    expect(Math.abs(mean - expected.mean) / Math.sqrt(expected.variance / n)).toBeLessThan(4.9);
    expect(Math.abs(variance / expected.variance - 1) / Math.sqrt(2 / n)).toBeLessThan(4.9);
  });
});

test('draws the right mean and variance on a clock that runs the other way, data at 1', async () => {
  // x_t = t x0 + (1 - t) n with v = x0 - n: SiT's network with time and sign turned round.
  const record: InterfaceRecord = {
    name: 'data at 1',
    path: { a: (t) => t, s: (t) => 1 - t, da: () => 1, ds: () => -1 },
    predicts: 'v',
    range: { min: 0, max: 1 },
  };
  const turned: NetworkFunction = ({ x, t, out }) => {
    x.forEach((value, row) => {
      const [a, s] = [t[row] as number, 1 - (t[row] as number)];
      const residual = (value - a * MEAN) / (a * a * VARIANCE + s * s);
      out[row] = MEAN + a * VARIANCE * residual - s * residual;
    });
  };
  using device = await openDevice({ threads: 1 });
  const sampler = new EulerMaruyamaSampler({
    numSamplingSteps: 200,
    diffusionCoeff: 'constant',
    samplingTimeKwargs: { tStart: 0, tEnd: 1 },
  });
  const n = fewerOnCuda(40_000, 20);
  using samples = await sampler.sample(new Rng(5), new ModelInterface(record, turned), [n, 1], { device });
  const x = await samples.data();
  const mean = x.reduce((sum, v) => sum + v, 0) / n;
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n;
  // 4.9 standard errors, and the bias of 200 steps (below 0.005 on SiT's clock).
  expect(Math.abs(mean - MEAN)).toBeLessThan(4.9 * Math.sqrt(VARIANCE / n) + 0.005);
  expect(Math.abs(variance - VARIANCE)).toBeLessThan(4.9 * VARIANCE * Math.sqrt(2 / n) + 0.005);
});

test.each(['sit', 'edm'] as const)('has strong order 1.0 on %s, with noise in every step', async (kind) => {
  const w = (): number => 0.4;
  const { order } = await measureStrongOrder((c) => new EulerMaruyamaSampler({ ...c, diffusionCoeff: w }), kind);
  expect(Math.abs(order - 1)).toBeLessThan(0.2);
});

test("'mean' as last step is biased by (w/2) eps, 'denoise' is not", async () => {
  const config = { numSamplingSteps: 50, diffusionCoeff: 'constant', diffusionCoeffNorm: 1 } as const;
  const options = { data: unitStart, shape: [8, 4] };
  const net = planNet('sit');
  const velocity = exactVelocity(conditional);
  const normal = (): number => 0;
  const end = async (lastStep: 'mean' | 'denoise'): Promise<Float64Array> => {
    const plan = await new EulerMaruyamaSampler({ ...config, lastStep }).plan(net, options);
    return interpret(plan, { networks: [velocity], state: unitStart64, normal });
  };
  const [mean, denoise] = [await end('mean'), await end('denoise')];
  // The state before the last step, from the same run cut short.
  const cut = new EulerMaruyamaSampler({
    ...config,
    timeGrid: Array.from({ length: 50 }, (_, i) => 1 - i / 50),
    numSamplingSteps: undefined,
  } as never);
  const plan = await cut.plan(net, options);
  const x = interpret(plan, { networks: [velocity], state: unitStart64, normal });
  const v = velocity(x, new Float64Array(8).fill(0.02));
  x.forEach((xi, i) => {
    const eps = xi + 0.98 * (v[i] as number);
    expect((mean[i] as number) - (denoise[i] as number)).toBeCloseTo(-0.5 * eps, 10);
  });
});

test('gives the numbers of diffuse_nnx with its last step', async () => {
  for (const [id, diffusionCoeff] of [
    ['LINEAR', 'linear'],
    ['CONCAVE', 'concave'],
  ] as const) {
    const config = { numSamplingSteps: 16, diffusionCoeff, diffusionCoeffNorm: 0.8, lastStep: 'mean' } as const;
    const plan = await new EulerMaruyamaSampler(config).plan(
      planNet('sit'),
      { data: unitStart, shape: [8, 4] },
      { init: 'noise' },
    );
    const result = interpret(plan, {
      networks: [exactVelocity(conditional)],
      state: unitStart64,
      normal: (row, draw, element) => goldenNoise[(draw - 1) / 256]?.[row]?.[element] as number,
    });
    expect(maxDifference(result, goldenCase(`upstream/euler_maruyama/sit/${id}/16`).result)).toBeLessThan(1e-11);
  }
});

test('w = 0 is Euler, bit for bit in its plan, and costs as many evaluations', async () => {
  const none = await new EulerMaruyamaSampler({
    numSamplingSteps: 9,
    diffusionCoeff: 'constant',
    diffusionCoeffNorm: 0,
  }).plan(planNet('sit'), [3, 4]);
  const euler = await new EulerSampler({ numSamplingSteps: 9 }).plan(planNet('sit'), [3, 4]);
  expect(none.evaluations).toBe(euler.evaluations);
  const start = { data: unitStart, shape: [8, 4] };
  const run = async (sampler: EulerSampler | EulerMaruyamaSampler): Promise<Float64Array> =>
    interpret(await sampler.plan(planNet('sit'), start), {
      networks: [exactVelocity(conditional)],
      state: unitStart64,
    });
  const a = await run(
    new EulerMaruyamaSampler({ numSamplingSteps: 9, diffusionCoeff: 'constant', diffusionCoeffNorm: 0 }),
  );
  expect(maxDifference(a, await run(new EulerSampler({ numSamplingSteps: 9 })))).toBeLessThan(1e-12);
});

test('one evaluation per step gives both velocity and score', async () => {
  const plan = await new EulerMaruyamaSampler({ numSamplingSteps: 12, diffusionCoeff: 'linear' }).plan(
    planNet('sit'),
    [2, 4],
  );
  expect([plan.evaluations, plan.passes]).toEqual([12, 13]);
});

test('runs from data to noise too, and ends with the marginal of noise', async () => {
  using device = await openDevice({ threads: 1 });
  const net = new SiTInterface(GaussianMixtureNet.create(GAUSSIAN, { device }));
  const n = fewerOnCuda(40_000, 20);
  const start = { data: new Float32Array(n).fill(0.7), shape: [n, 1] };
  const up = new EulerMaruyamaSampler({
    numSamplingSteps: 200,
    diffusionCoeff: 'linear',
    diffusionCoeffNorm: 2,
    samplingTimeKwargs: { tStart: 0.02, tEnd: 1 },
  });
  using clean = await new EulerSampler({ numSamplingSteps: 64 }).sample(new Rng(1), net, [n, 1]);
  const data = await clean.data();
  using noised = await up.sample(new Rng(2), net, { data, shape: start.shape }, { init: 'clean' });
  const x = await noised.data();
  const mean = x.reduce((s, v) => s + v, 0) / n;
  const variance = x.reduce((s, v) => s + (v - mean) ** 2, 0) / n;
  // 4.9 standard errors, and the bias of 200 steps.
  expect(Math.abs(mean)).toBeLessThan(4.9 / Math.sqrt(n) + 0.005);
  expect(Math.abs(variance - 1)).toBeLessThan(4.9 * Math.sqrt(2 / n) + 0.015);
});

describe('faults that were planted are caught', () => {
  /** Its private parts, for breaking them. */
  const broken = (change: (sampler: { coeff: { w: (t: number) => number } }) => void): EulerMaruyamaSampler => {
    const sampler = new EulerMaruyamaSampler({
      numSamplingSteps: 400,
      diffusionCoeff: 'linear',
      diffusionCoeffNorm: 1,
    });
    change(sampler as never);
    return sampler;
  };
  const varianceError = async (sampler: EulerMaruyamaSampler): Promise<number> =>
    Math.abs((await exactMoments(sampler, 'sit')).variance - VARIANCE);

  it('the sampler as it is passes the same measure', async () => {
    expect(await varianceError(broken(() => undefined))).toBeLessThan(0.02);
  });

  it('a missing sqrt|dt|', async () => {
    class Missing extends EulerMaruyamaSampler {
      override forward(step: Parameters<EulerMaruyamaSampler['forward']>[0]) {
        const right = super.forward({ ...step, noise: () => step.noise().scale(1 / Math.sqrt(Math.abs(step.dt))) });
        return right;
      }
    }
    const sampler = new Missing({ numSamplingSteps: 400, diffusionCoeff: 'linear' });
    expect(await varianceError(sampler)).toBeGreaterThan(0.1);
  });

  it('the wrong sign of the score', async () => {
    class Wrong extends EulerMaruyamaSampler {
      override forward(step: Parameters<EulerMaruyamaSampler['forward']>[0]) {
        const { net } = step;
        return super.forward({ ...step, net: { ...net, score: (x, t) => net.score(x, t).scale(-1) } });
      }
    }
    expect(await varianceError(new Wrong({ numSamplingSteps: 400, diffusionCoeff: 'linear' }))).toBeGreaterThan(0.1);
  });
});

test.each<[string, EulerMaruyamaConfig, Kind, string]>([
  [
    'w that is infinite, with the remedy',
    { diffusionCoeff: 'linear_kl' },
    'sit',
    "`diffusionCoeff 'linear_kl' at timeGrid[0] = 1`",
  ],
  ['w that is infinite, with the remedy', {}, 'sit', 'tStart: 0.99'],
  ['w that is negative', { diffusionCoeff: (t) => t - 0.5 }, 'sit', '`diffusionCoeff'],
  ['w that is no number', { diffusionCoeff: () => 'much' as never }, 'sit', '`diffusionCoeff'],
  ['an unknown name', { diffusionCoeff: 'cosine' as never }, 'sit', '`diffusionCoeff`'],
  ['a name of the prototype', { diffusionCoeff: 'toString' as never }, 'sit', '`diffusionCoeff`'],
  ['a norm beside a function', { diffusionCoeff: () => 1, diffusionCoeffNorm: 2 }, 'sit', '`diffusionCoeffNorm`'],
  ['a negative norm', { diffusionCoeff: 'linear', diffusionCoeffNorm: -1 }, 'sit', '`diffusionCoeffNorm`'],
  ['an unknown last step', { diffusionCoeff: 'linear', lastStep: 'none' as never }, 'sit', '`lastStep`'],
  ['a coefficient of another clock', { diffusionCoeff: 'cos', samplingTimeDist: 'exp' }, 'edm', '`diffusionCoeff`'],
  [
    'a grid that starts without noise',
    { diffusionCoeff: 'linear', samplingTimeKwargs: { tStart: 0, tEnd: 1 } },
    'sit',
    '`timeGrid[0]`',
  ],
])('%s is refused by name', async (_, config, kind, name) => {
  const attempt = async () => new EulerMaruyamaSampler({ numSamplingSteps: 4, ...config }).plan(planNet(kind), [1, 4]);
  await expect(attempt()).rejects.toThrow(InvalidArgumentError);
  await expect(attempt()).rejects.toThrow(name);
});
