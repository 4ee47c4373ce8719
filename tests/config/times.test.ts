/** The times in a config: a distribution with its options, or a grid. */
import { edmRecord, samplerFromConfig } from '../../src';
import { message, type Options, paths, refusal, times } from '../support/configs';

const EDM = edmRecord(0.5);

describe('sampling_time_dist', () => {
  it.each(['uniform', 'UNIFORM', 'Uni_Form'])('%s is uniform', (dist) => {
    expect(samplerFromConfig({ sampler_class: 'euler', sampling_time_dist: dist }).samplingTimeDist).toBe('uniform');
  });

  it.each(['exp', 'EXP'])('%s is exp, with its options', (dist) => {
    const sampling_time_kwargs = { sigma_min: 0.01, sigma_max: 10, rho: 3 };
    const config = { sampler_class: 'heun', num_sampling_steps: 3, sampling_time_dist: dist, sampling_time_kwargs };
    const grid = times(config, EDM);
    expect(grid).toHaveLength(4);
    expect(grid[0]).toBe(10);
    expect(grid[2]).toBeCloseTo(0.01, 12);
    expect(times({ ...config, sampling_time_kwargs: { compat: 'diffuse_nnx' } }, EDM)).toHaveLength(5);
  });

  it('a registered one is known, with its options', () => {
    const config = { sampler_class: 'euler', num_sampling_steps: 2, sampling_time_dist: 'SquareRoot' };
    expect(times(config)).toEqual([1, 1 - Math.SQRT1_2, 0]);
    expect(times({ ...config, sampling_time_kwargs: { power_of: 1 } })).toEqual([1, 0.5, 0]);
    expect(paths({ ...config, sampling_time_kwargs: { power: 1 } })).toEqual(['sampling_time_kwargs.power']);
  });

  it.each(['gaussian', 'toString', 1, null, {}])('refuses %p', (dist) => {
    expect(message({ sampler_class: 'euler', sampling_time_dist: dist })).toMatch(
      'Expected one of uniform, exp, square_root for `sampling_time_dist` but received ',
    );
  });
});

describe('sampling_time_kwargs', () => {
  const config = (kwargs: unknown, dist?: string): Options => ({
    sampler_class: 'euler',
    sampler: { num_sampling_steps: 2, sampling_time_kwargs: kwargs, ...(dist && { sampling_time_dist: dist }) },
  });

  it.each([
    [{}, [1, 0.5, 0]],
    [{ t_start: 0.8 }, [0.8, 0.4, 0]],
    [{ t_end: 0.5 }, [1, 0.75, 0.5]],
    [{ t_shift_cur: 9 * 4096 }, [1, 0.75, 0]],
    [{ t_shift_base: 9, t_shift_cur: 81 }, [1, 0.75, 0]],
    [{ t_start: 1.0, t_shift_cur: 4096 }, [1, 0.5, 0]],
  ])('%j gives its grid', (kwargs, grid) => {
    expect(times(config(kwargs))).toEqual(grid.map((t) => expect.closeTo(t, 14) as number));
  });

  it.each([
    ['t_start', '1', 'a finite number', undefined],
    ['t_end', NaN, 'a finite number', 'uniform'],
    ['t_shift_base', 0, 'a number above 0', 'uniform'],
    ['t_shift_cur', null, 'a number above 0', 'UNIFORM'],
    ['sigma_min', -1, 'a number above 0', 'exp'],
    ['sigma_min', 80, 'a number below the largest sigma (80)', 'exp'],
    ['sigma_max', Infinity, 'a number above 0', 'exp'],
    ['sigma_max', 0.001, 'a number above the smallest sigma (0.002)', 'EXP'],
    ['rho', '7', 'a number above 0', 'exp'],
    ['compat', 'jax', "'none' or 'diffuse_nnx'", 'exp'],
  ])('%s %p is refused', (key, value, expectation, dist) => {
    const error = refusal(config({ [key]: value }, dist));
    const path = `sampler.sampling_time_kwargs.${key}`;
    expect(error.issues.map((issue) => issue.path)).toEqual([path]);
    expect(error.message.startsWith(`Expected ${expectation} for \`${path}\` but received `)).toBe(true);
  });

  it('those of another distribution are refused, as are unknown ones', () => {
    expect(message(config({ sigma_min: 1 }))).toBe(
      'Expected one of t_start, t_end, t_shift_base, t_shift_cur for `sampler.sampling_time_kwargs key` but received ' +
        "'sigma_min'.",
    );
    expect(message(config({ t_shif_cur: 1 }))).toMatch("Did you mean 't_shift_cur'?");
    expect(message(config({ sigma: 1 }, 'exp'))).toMatch("Did you mean 'sigma_min'?");
  });

  it.each([null, 3, 'x', [1, 0]])('%p in its place is refused', (kwargs) => {
    expect(message(config(kwargs))).toMatch('Expected an object for `sampler.sampling_time_kwargs` but received ');
  });
});

describe('time_grid', () => {
  it('is taken from an array of either kind', () => {
    for (const grid of [[1, 0.25, 0], Float64Array.of(1, 0.25, 0), Float32Array.of(1, 0.25, 0)]) {
      expect(times({ sampler_class: 'euler', time_grid: grid })).toEqual([1, 0.25, 0]);
      expect(times({ samplerClass: 'churn', sampler: { timeGrid: grid } })).toEqual([1, 0.25, 0]);
    }
  });

  it.each([[[]], [[1]], ['10'], [{ length: 2, 0: 1, 1: 0 }], [null]])('%j is refused', (grid) => {
    expect(message({ sampler_class: 'euler', time_grid: grid })).toMatch(
      'Expected an array of at least two times for `time_grid` but received ',
    );
  });

  it.each(['0', null, NaN, 1n, [0]])('%p in it is refused, with its index', (time) => {
    expect(paths({ sampler_class: 'euler', sampler: { time_grid: [1, time, 0] } })).toEqual(['sampler.time_grid[1]']);
  });

  it('longer than any run is refused before it is copied', () => {
    expect(message({ sampler_class: 'euler', time_grid: new Array(4_000_000_000) })).toMatch('at most 2000000 values');
  });
});
