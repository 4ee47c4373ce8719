import { EulerSampler, InvalidArgumentError, SIT } from '../src';
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
