/** Nested and flat, snake_case and camelCase: what every spelling of a config must do alike. */
import {
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  InvalidArgumentError,
  samplerFromConfig,
} from '../../src';
import { ChurnSampler, message, type Options, refusal } from '../support/configs';

const camel = (key: string): string => key.replace(/_(.)/g, (_, c: string) => c.toUpperCase());

function camelKeys(options: Options): Options {
  const value = (v: unknown): unknown =>
    typeof v === 'object' && v !== null && !Array.isArray(v) ? camelKeys(v as Options) : v;
  return Object.fromEntries(Object.entries(options).map(([key, v]) => [camel(key), value(v)]));
}

const forms: [string, (name: string, options: Options) => Options, string][] = [
  ['nested snake_case', (name, options) => ({ sampler_class: name, sampler: options }), 'sampler.'],
  ['nested camelCase', (name, options) => ({ samplerClass: name, sampler: camelKeys(options) }), 'sampler.'],
  ['flat snake_case', (name, options) => ({ sampler_class: name, ...options }), ''],
  ['flat camelCase', (name, options) => ({ samplerClass: name, ...camelKeys(options) }), ''],
];

describe.each(forms)('a %s config', (form, make, prefix) => {
  const spell = (path: string): string => prefix + (form.includes('camel') ? camel(path) : path);

  it.each([
    ['heun', HeunSampler],
    ['euler', EulerSampler],
    ['euler-maruyama', EulerMaruyamaSampler],
    ['euler_jump', EulerJumpSampler],
    ['churn', ChurnSampler],
  ])('makes the sampler named %s', (name, Class) => {
    expect(samplerFromConfig(make(name, {})).constructor).toBe(Class);
  });

  it('leaves every default to the constructor', () => {
    expect(samplerFromConfig(make('heun', {}))).toEqual(new HeunSampler());
    expect(samplerFromConfig(make('euler-maruyama', {}))).toMatchObject({ coeff: { name: 'linear_kl' } });
  });

  it('sets the number of steps', () => {
    expect(samplerFromConfig(make('euler', { num_sampling_steps: 7 })).numSamplingSteps).toBe(7);
  });

  it.each([0, 1.5, -1, 1_000_001, NaN, Infinity, '32', null, 10n, [32], true])('refuses %p steps', (steps) => {
    const error = refusal(make('euler', { num_sampling_steps: steps }));
    const path = spell('num_sampling_steps');
    expect(error.issues).toHaveLength(1);
    expect(error.issues[0]?.path).toBe(path);
    expect(error.message).toMatch(`Expected an integer from 1 to 1000000 for \`${path}\` but received `);
  });

  it('accepts a diffusion coefficient by name in any case, with its norm and last step', () => {
    for (const name of ['LINEAR', 'linear', 'Linear']) {
      const options = { diffusion_coeff: name, diffusion_coeff_norm: 2, last_step: 'mean', num_sampling_steps: 4 };
      const sampler = samplerFromConfig(make('euler-maruyama', options));
      expect(sampler).toMatchObject({ coeff: { name: 'linear' }, lastStepKind: 'mean', numSamplingSteps: 4 });
      expect((sampler as unknown as { coeff: { w: (t: number) => number } }).coeff.w(0.25)).toBe(0.5);
    }
  });

  it('places what is wrong in the spelling of the config, all at once', () => {
    const error = refusal(
      make('euler-maruyama', {
        num_sampling_steps: 0,
        diffusion_coeff: 'cubic',
        sampling_time_kwargs: { t_start: 'x' },
      }),
    );
    const expectedPaths = ['sampling_time_kwargs.t_start', 'num_sampling_steps', 'diffusion_coeff'].map(spell);
    expect(error.issues.map(({ path }) => path).sort()).toEqual(expectedPaths.sort());
    expect(error.message.split('\n')).toEqual(error.issues.map((issue) => issue.message));
  });

  it('suggests the name of an option that is nearly right, in the spelling of the config', () => {
    const key = form.includes('camel') ? 'numSamplingStep' : 'num_sampling_step';
    const error = refusal(make('heun', { num_sampling_step: 4 }));
    expect(error.issues.map(({ path }) => path)).toEqual([prefix + key]);
    expect(error.message).toMatch(`but received '${key}'. Did you mean '${key}s'?`);
  });

  it('places what the constructor refuses', () => {
    const error = refusal(make('euler', { time_grid: [1, 0], num_sampling_steps: 1 }));
    expect(error.message).toBe(
      `Expected to be absent beside \`${spell('time_grid')}\` for \`${spell('num_sampling_steps')}\` but received 1.`,
    );
    expect(error.issues[0]?.path).toBe(spell('num_sampling_steps'));
    expect(error.cause).toBeInstanceOf(InvalidArgumentError);
  });
});

describe('both spellings of one key', () => {
  it.each([
    [{ sampler_class: 'heun', samplerClass: 'heun', sampler: {} }, 'samplerClass', 'sampler_class'],
    [
      { sampler_class: 'heun', sampler: { num_sampling_steps: 1, numSamplingSteps: 1 } },
      'sampler.numSamplingSteps',
      'sampler.num_sampling_steps',
    ],
    [
      { sampler_class: 'heun', sampling_time_kwargs: { tStart: 1, t_start: 1 } },
      'sampling_time_kwargs.t_start',
      'sampling_time_kwargs.tStart',
    ],
    [{ sampler_class: 'churn', churn_rate: 1, churnRate: 1 }, 'churnRate', 'churn_rate'],
  ])('are refused: %j', (config, second, first) => {
    expect(message(config)).toBe(`Expected one spelling for \`${second}\` but received \`${first}\` beside it.`);
  });

  it('a mixed one is none', () => {
    expect(message({ sampler_class: 'heun', numSampling_steps: 1 })).toMatch("Did you mean 'numSamplingSteps'?");
  });
});
