import {
  DEFAULT_SAMPLING_TIME_KWARGS,
  edmRecord,
  EulerSampler,
  HeunSampler,
  InvalidArgumentError,
  registerSamplingTimeDist,
  SIT,
} from '../src';
import { goldenCase, maxDifference } from './support/mixture';

const grid = (config: ConstructorParameters<typeof EulerSampler>[0]): number[] => [
  ...new EulerSampler(config).sampleT(SIT),
];

test('the uniform grid has as many intervals as steps, from noise to data', () => {
  expect(grid({ numSamplingSteps: 4 })).toEqual([1, 0.75, 0.5, 0.25, 0]);
  expect(grid({})).toHaveLength(33);
});

test('tStart and tEnd bound it, in either direction', () => {
  expect(grid({ numSamplingSteps: 2, samplingTimeKwargs: { tStart: 0.9, tEnd: 0.1 } })).toEqual([0.9, 0.5, 0.1]);
  expect(grid({ numSamplingSteps: 2, samplingTimeKwargs: { tStart: 0, tEnd: 1 } })).toEqual([0, 0.5, 1]);
});

test('the shift keeps the ends and moves the middle by s t / (1 + (s - 1) t)', () => {
  const s = Math.sqrt(16384 / 4096);
  const shifted = grid({ numSamplingSteps: 10, samplingTimeKwargs: { tShiftCur: 16384 } });
  shifted.forEach((t, i) => {
    const u = 1 - i / 10;
    expect(t).toBeCloseTo((s * u) / (1 + (s - 1) * u), 14);
  });
  expect([shifted[0], shifted[10]]).toEqual([1, 0]);
});

test('the shifted grid is that of the reference package', () => {
  const { result } = goldenCase('upstream/grid/uniform-shift/10');
  const middle = result[5] as number; // s / (1 + s) at t = 1/2
  const s = middle / (1 - middle);
  const ours = grid({ numSamplingSteps: 10, samplingTimeKwargs: { tShiftBase: 4096, tShiftCur: 4096 * s * s } });
  expect(maxDifference(ours, result)).toBeLessThan(1e-12);
});

test('the exp grid has exactly N intervals, from sigmaMax over sigmaMin to 0', () => {
  const edm = (config: ConstructorParameters<typeof EulerSampler>[0]): number[] => [
    ...new EulerSampler({ samplingTimeDist: 'exp', ...config }).sampleT(edmRecord()),
  ];
  const sigmas = edm({ numSamplingSteps: 18 });
  expect(sigmas).toHaveLength(19);
  expect([sigmas[0], sigmas[18]]).toEqual([80, 0]);
  expect(sigmas[17]).toBeCloseTo(0.002, 12);
  expect(edm({ numSamplingSteps: 1 })).toEqual([80, 0]);
  expect(edm({ numSamplingSteps: 2, samplingTimeKwargs: { sigmaMax: 10, sigmaMin: 1 } })).toEqual([
    10,
    expect.closeTo(1, 12),
    0,
  ]);
});

test("the reference's N + 1 intervals stand behind a named option", () => {
  const sampler = new EulerSampler({
    numSamplingSteps: 18,
    samplingTimeDist: 'exp',
    samplingTimeKwargs: { compat: 'diffuse_nnx' },
  });
  const { result } = goldenCase('upstream/grid/exp/18');
  expect(maxDifference(sampler.sampleT(edmRecord()), result)).toBeLessThan(1e-12);
});

test("rho 7 between 0.02 and 20 gives k-diffusion's Karras grid", () => {
  const samplingTimeKwargs = { sigmaMin: 0.02, sigmaMax: 20, rho: 7 };
  const ours = new EulerSampler({ numSamplingSteps: 10, samplingTimeDist: 'exp', samplingTimeKwargs }).sampleT(
    edmRecord(),
  );
  expect(maxDifference(ours, goldenCase('kdiff/grid/karras/10(0.02,20,7)').result)).toBeLessThan(1e-12);
});

test('a distribution of one’s own is added at run time, with its defaults, and its unknown keys are refused', () => {
  const name = 'quadratic' as never as 'uniform';
  registerSamplingTimeDist(name, {
    defaults: { power: 2 } as never,
    grid: (steps, kwargs) =>
      Float64Array.from(
        { length: steps + 1 },
        (_, i) => (1 - i / steps) ** (kwargs as never as { power: number }).power,
      ),
  });
  expect(grid({ numSamplingSteps: 2, samplingTimeDist: name })).toEqual([1, 0.25, 0]);
  expect(grid({ numSamplingSteps: 2, samplingTimeDist: name, samplingTimeKwargs: { power: 1 } as never })).toEqual([
    1, 0.5, 0,
  ]);
  expect(() => grid({ samplingTimeDist: name, samplingTimeKwargs: { tStart: 1 } })).toThrow(/samplingTimeKwargs key/);
  expect(DEFAULT_SAMPLING_TIME_KWARGS).toHaveProperty('quadratic', { power: 2 });
  expect(() => registerSamplingTimeDist(name, { defaults: {} as never, grid: () => new Float64Array(2) })).toThrow(
    /not taken/,
  );
});

test.each([
  [{ samplingTimeKwargs: { tEnd: 0.1 } }, 'samplingTimeKwargs.tStart'],
  [{ samplingTimeKwargs: { tStart: 10, tShiftCur: 9 } }, 'samplingTimeKwargs.tShiftCur'],
  [{ samplingTimeDist: 'exp', samplingTimeKwargs: { tStart: 10 } }, 'samplingTimeKwargs key'],
  [{ samplingTimeDist: 'exp', samplingTimeKwargs: { sigmaMin: 90 } }, 'samplingTimeKwargs.sigmaMin'],
  [{ samplingTimeDist: 'exp', samplingTimeKwargs: { rho: 0 } }, 'samplingTimeKwargs.rho'],
  [{ samplingTimeDist: 'exp', samplingTimeKwargs: { compat: 'edm' } }, 'samplingTimeKwargs.compat'],
  [{ timeGrid: [0, 1, 2] }, 'timeGrid[0]'],
  [{ timeGrid: [2, 1, -1] }, 'timeGrid[2]'],
])('on EDM %j is refused by the name of its option', (config, name) => {
  expect(() => new EulerSampler(config as object).sampleT(edmRecord())).toThrow(`\`${name}\``);
});

test("a full last step where the interface is singular is refused; elsewhere it is Heun's", () => {
  const edm = { timeGrid: [10, 1, 0], lastStep: 'full' } as const;
  expect(() => new HeunSampler(edm).sampleT(edmRecord())).toThrow(/`lastStep`/);
  expect([...new HeunSampler({ timeGrid: [1, 0], lastStep: 'full' }).sampleT(SIT)]).toEqual([1, 0]);
  expect(() => new HeunSampler({ lastStep: 'half' as never })).toThrow(/`lastStep`/);
});

test('a custom grid is taken as it is', () => {
  expect(grid({ timeGrid: [1, 0.3, 0.05] })).toEqual([1, 0.3, 0.05]);
  expect(new EulerSampler({ timeGrid: [1, 0.3, 0.05] }).numSamplingSteps).toBe(2);
});

test.each([
  [{ numSamplingSteps: 0 }, 'numSamplingSteps'],
  [{ numSamplingSteps: 2.5 }, 'numSamplingSteps'],
  [{ numSamplingSteps: '8' }, 'numSamplingSteps'],
  [{ samplingTimeDist: 'karras' }, 'samplingTimeDist'],
  [{ samplingTimeKwargs: { tShift: 3 } }, 'samplingTimeKwargs key'],
  [{ samplingTimeKwargs: { tStart: Number.NaN } }, 'samplingTimeKwargs.tStart'],
  [{ samplingTimeKwargs: { tShiftBase: 0 } }, 'samplingTimeKwargs.tShiftBase'],
  [{ samplingTimeKwargs: { tStart: 80 } }, 'timeGrid[0]'],
  [{ samplingTimeKwargs: { tStart: 0.5, tEnd: 0.5 } }, 'timeGrid'],
  [{ timeGrid: [1] }, 'timeGrid'],
  [{ timeGrid: [1, 0.5, 0.6] }, 'timeGrid'],
  [{ timeGrid: [1, Number.POSITIVE_INFINITY] }, 'timeGrid[1]'],
  [{ timeGrid: [1, 0], numSamplingSteps: 1 }, 'numSamplingSteps'],
  [{ steps: 3 }, 'config key'],
])('%j is refused by the name of its option', (config, name) => {
  const attempt = (): unknown => grid(config as object);
  expect(attempt).toThrow(InvalidArgumentError);
  expect(attempt).toThrow(`\`${name}\``);
});
