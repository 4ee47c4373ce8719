/** Grids, sampler options and configs of any kind: what is refused or taken before anything reaches a device. */
import fc from 'fast-check';
import { edmRecord, EulerMaruyamaSampler, EulerSampler, HeunSampler, samplerFromConfig, SIT } from '../../src';
import { anything, endTyped, hostile, numbers, sizes, some } from '../support/hostile';

test('30,000 grids: a strictly monotone one in range, or a typed error', () =>
  endTyped(30_000, fc.array(fc.oneof(numbers, fc.double({ min: 0, max: 1 })), { maxLength: 6 }), some, (timeGrid) => {
    const record = timeGrid.length % 2 === 0 ? SIT : edmRecord();
    const grid = new EulerSampler({ timeGrid }).sampleT(record);
    const falling = (grid[1] as number) < (grid[0] as number);
    // One statement for all of them: a hundred thousand would take most of the time.
    const wrong = grid.filter((t, i) => {
      const inRange = t >= record.range.min && t <= record.range.max;
      return !(inRange && (i === 0 || (falling ? t < (grid[i - 1] as number) : t > (grid[i - 1] as number))));
    });
    expect(wrong).toHaveLength(0);
  }));

test('20,000 sampler options of any kind', () => {
  const key = fc.constantFrom(
    'numSamplingSteps',
    'samplingTimeDist',
    'samplingTimeKwargs',
    'timeGrid',
    'lastStep',
    'diffusionCoeff',
    'diffusionCoeffNorm',
    'x',
  );
  const value = fc.oneof(
    anything,
    hostile,
    sizes,
    fc.constantFrom('uniform', 'exp', 'linear', 'mean'),
    fc.record({ tStart: numbers, tEnd: numbers }),
  );
  const samplers = fc.constantFrom(EulerSampler, HeunSampler, EulerMaruyamaSampler);
  return endTyped(20_000, fc.tuple(samplers, fc.dictionary(key, value)), some, ([Sampler, config]) => {
    const grid = new Sampler(config).sampleT(SIT);
    expect(grid.every(Number.isFinite)).toBe(true);
  });
});

test('15,000 configs of any kind', () =>
  endTyped(
    15_000,
    fc.oneof(
      anything,
      hostile,
      fc.record({
        sampler_class: fc.oneof(anything, hostile, fc.constantFrom('heun', 'euler')),
        sampler: fc.oneof(anything, hostile),
      }),
    ),
    some,
    (config) => samplerFromConfig(config),
  ));
