/** Which sampler a config asks for: by a name of the package or a registered one. */
import { z } from 'zod';
import { EulerJumpSampler, HeunSampler, registerSampler, samplerFromConfig, samplerNames, SIT } from '../../src';
import { ChurnSampler, message, type Options, paths, refusal, times } from '../support/configs';

describe('the sampler sections of diffuse_nnx', () => {
  it('mf_imagenet: one jump', () => {
    const sampler = samplerFromConfig({
      sampler_class: 'euler_jump',
      sampler: { num_sampling_steps: 1, sampling_time_dist: 'uniform' },
    });
    expect(sampler).toBeInstanceOf(EulerJumpSampler);
    expect(Array.from(sampler.sampleT(SIT))).toEqual([1, 0]);
  });

  it('dit_imagenet: Heun in 32 steps, with every other section left alone', () => {
    const untouched = Object.defineProperty({}, 'batch_size', {
      enumerable: true,
      get: () => {
        throw new Error('read');
      },
    });
    const whole = {
      trainer: 'DiT_ImageNet',
      seed: 0,
      data: untouched,
      network_class: 'dit',
      network: { patch_size: 2 },
      interface_class: 'sit',
      interface: { train_time_dist_type: 'uniform', t_shift_base: 4096 },
      optimizer: { b1: 0.9 },
      sampler_class: 'heun',
      sampler: { num_sampling_steps: 32, sampling_time_dist: 'uniform' },
      visualize: { on: true, guidance_scale: 2 },
    };
    const sampler = samplerFromConfig(whole);
    expect(sampler).toBeInstanceOf(HeunSampler);
    expect(sampler.numSamplingSteps).toBe(32);
  });

  it('rae_imagenet: Euler in 50 steps on a shifted grid', () => {
    const grid = times({
      sampler_class: 'euler',
      sampler: {
        num_sampling_steps: 50,
        sampling_time_dist: 'uniform',
        sampling_time_kwargs: { t_start: 1.0, t_end: 0.0, t_shift_base: 4096, t_shift_cur: 16 * 16 * 768 },
      },
    });
    const s = Math.sqrt((16 * 16 * 768) / 4096);
    expect(grid).toHaveLength(51);
    expect(grid[25]).toBeCloseTo((s * 0.5) / (1 + (s - 1) * 0.5), 14);
  });

  it('JSON text is not a config', () => {
    expect(message('{"sampler_class":"heun"}')).toMatch('Expected an object for `config` but received \'{"sampler');
  });
});

describe('sampler_class', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'fs', '../euler', 'Euler', 'EulerSampler'])(
    'refuses %p',
    (name) => {
      expect(paths({ sampler_class: name })).toEqual(['sampler_class']);
      expect(message({ sampler_class: name })).toContain(`Expected one of ${samplerNames().join(', ')}`);
    },
  );

  it.each([undefined, null, 3, ['heun'], { toString: () => 'heun' }, Symbol('heun'), 1n])('refuses %p', (name) => {
    expect(paths({ sampler_class: name, sampler: {} })).toEqual(['sampler_class']);
  });

  it('suggests the name that was probably meant', () => {
    expect(message({ sampler_class: 'Heun' })).toMatch("received 'Heun'. Did you mean 'heun'?");
    expect(message({ sampler_class: 'euler_maruyama' })).toMatch("Did you mean 'euler-maruyama'?");
  });

  it('is not looked for in the prototype', () => {
    expect(paths(Object.create({ sampler_class: 'heun' }))).toEqual(['']);
    Object.defineProperty(Object.prototype, 'sampler_class', { value: 'heun', configurable: true });
    try {
      expect(paths({})).toEqual(['sampler_class']);
    } finally {
      delete (Object.prototype as Options).sampler_class;
    }
  });

  it('may be missing in no config, and is said to be', () => {
    expect(message({ sampler: {} })).toMatch('for `sampler_class` but received undefined.');
  });
});

describe('a registered sampler', () => {
  it('without a schema gets what it is given, keys in camelCase and values as they are', () => {
    const model = new Map();
    const given = { labels: { class_one: [1, { a: 2 }] }, model };
    const sampler = samplerFromConfig({
      sampler_class: 'churn',
      sampler: { churn_rate: given, num_sampling_steps: 3 },
    });
    expect(sampler).toMatchObject({ numSamplingSteps: 3, churnRate: { labels: { class_one: [1, { a: 2 }] } } });
    expect((sampler as unknown as { churnRate: typeof given }).churnRate.model).toBe(model);
    expect((sampler as unknown as { churnRate: typeof given }).churnRate.labels).not.toBe(given.labels);
  });

  it('has its base options checked like those of a built-in one', () => {
    expect(paths({ sampler_class: 'churn', num_sampling_steps: '3' })).toEqual(['num_sampling_steps']);
    expect(samplerFromConfig({ sampler_class: 'churn', sampling_time_dist: 'EXP' }).samplingTimeDist).toBe('exp');
  });

  it('refuses what its constructor does not know, in the spelling of the config', () => {
    const error = refusal({ sampler_class: 'churn', sampler: { churn_rat_x: 1 } });
    expect(error.issues[0]?.path).toBe('sampler.churn_rat_x');
    const kwargs = refusal({ sampler_class: 'churn', sampling_time_kwargs: { t_begin: 1 } });
    expect(kwargs.issues[0]?.path).toBe('sampling_time_kwargs.t_begin');
    expect(kwargs.message).toBe(
      "Expected one of t_start, t_end, t_shift_base, t_shift_cur for `sampling_time_kwargs key` but received 't_begin'.",
    );
  });

  it('may throw what it likes', () => {
    const error = refusal({ sampler_class: 'churn', sampler: { churn_rate: 'type error' } });
    expect(error.message).toBe('Expected options that ChurnSampler accepts for `sampler` but it threw: no number');
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(refusal({ sampler_class: 'churn', churn_rate: 'bare' }).issues).toEqual([
      { path: '', message: 'It is bare.' },
    ]);
  });

  it('with a schema is checked by it', () => {
    const make = (sampler: Options): unknown => samplerFromConfig({ sampler_class: 'checked', sampler });
    expect(make({ churn_rate: 0.5 })).toMatchObject({ own: { churnRate: 0.5, mode: 'a' } });
    expect(make({ churnRate: 0.5, mode: 'b', numSamplingSteps: 2 })).toMatchObject({ own: { mode: 'b' } });
    expect(message({ sampler_class: 'checked', churn_rate: '1' })).toBe(
      "Expected a value of type number for `churn_rate` but received '1'.",
    );
    expect(message({ sampler_class: 'checked', sampler: {} })).toMatch(
      'Expected a value of type number for `sampler.churn_rate` but received undefined.',
    );
    expect(message({ sampler_class: 'checked', churn_rate: 2, num_sampling_steps: 0 }).split('\n')).toHaveLength(2);
    expect(message({ sampler_class: 'checked', churn_rate: 1, churn_rte: 1 })).toMatch("Did you mean 'churn_rate'?");
  });

  it('is registered once, under a name, with a schema that is one', () => {
    expect(() => registerSampler('heun', ChurnSampler)).toThrow('a name that is not taken');
    expect(() => registerSampler('x', ChurnSampler, 3 as never)).toThrow('a zod object schema');
    expect(() => registerSampler('x', ChurnSampler, z.object({ churn_rate: z.number() }))).toThrow('camelCase');
    expect(() => registerSampler('x', Map as never)).toThrow('a subclass of Samplers');
  });
});
