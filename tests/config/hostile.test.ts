/** Configs from strangers: whatever they hold, the answer is a sampler or a ConfigError. */
import fc from 'fast-check';
import { ConfigError, HeunSampler, samplerFromConfig, Samplers } from '../../src';
import { message, type Options, paths, refusal } from '../support/configs';

describe('a config that is hostile', () => {
  const cyclic: Options = { sampler_class: 'churn' };
  cyclic.churn_rate = cyclic;
  const loop: unknown[] = [];
  loop.push(loop);
  const thrower = (key: string, rest: Options): object =>
    Object.defineProperty(rest, key, {
      enumerable: true,
      get: () => {
        throw new Error('boo');
      },
    });
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['an array', [{ sampler_class: 'heun' }]],
    ['a function', () => undefined],
    ['a Map', new Map([['sampler_class', 'heun']])],
    ['a sampler', new HeunSampler()],
    ['NaN', NaN],
    ['a bigint', 2n ** 70n],
    ['a symbol', Symbol('x')],
    ['a revoked proxy', revoked()],
    ['a section that is null', { sampler_class: 'heun', sampler: null }],
    ['a section that is an array', { sampler_class: 'heun', sampler: [] }],
    ['a section that is undefined', { sampler_class: 'heun', sampler: undefined }],
    ['a section that is a revoked proxy', { sampler_class: 'heun', sampler: revoked() }],
    ['a getter that throws for the class', thrower('sampler_class', { sampler: {} })],
    ['a getter that throws for the section', thrower('sampler', { sampler_class: 'heun' })],
    ['a getter that throws for an option', { sampler_class: 'heun', sampler: thrower('num_sampling_steps', {}) }],
    ['a cycle', cyclic],
    ['a cycle in an option that takes none', { sampler_class: 'heun', time_grid: loop }],
    ['a cyclic name', { sampler_class: loop }],
    ['deep nesting', { sampler_class: 'churn', churn_rate: deep(5000) }],
    ['a deeply nested name', { sampler_class: deep(5000) }],
    ['a huge key', { sampler_class: 'heun', ['x'.repeat(10_000_000)]: 1 }],
    ['a huge name', { sampler_class: 'heun'.repeat(5_000_000) }],
    ['a huge distribution', { sampler_class: 'heun', sampling_time_dist: '_'.repeat(20_000_000) }],
    [
      'thousands of keys',
      { sampler_class: 'heun', ...Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i])) },
    ],
    ['a prototype as an option', JSON.parse('{"sampler_class":"churn","__proto__":{"x":1}}')],
    ['a prototype beside the section', JSON.parse('{"sampler_class":"heun","sampler":{},"__proto__":{"x":1}}')],
    ['a prototype below', JSON.parse('{"sampler_class":"churn","sampler":{"churn_rate":{"__proto__":{"x":1}}}}')],
    ['a constructor', { sampler_class: 'churn', sampler: { constructor: { prototype: {} } } }],
    ['a constructor without a name', { sampler_class: { constructor: { name: {} } } }],
    ['a symbol key', { sampler_class: 'churn', [Symbol('k')]: 1 }],
    ['control characters', { sampler_class: 'a\nb\u001b[31m' }],
  ])('gets a ConfigError for %s', (_, config) => {
    const started = Date.now();
    const error = refusal(config);
    expect(error.code).toBe('ERR_CONFIG');
    expect(error.name).toBe('ConfigError');
    expect(error.issues.length).toBeGreaterThan(0);
    expect(error.message.split('\n').length).toBeLessThanOrEqual(21);
    expect(error.message.length).toBeLessThan(6000);

    expect(error.message).not.toMatch(/\u001b/);
    expect(error.issues.every(({ message: line }) => !line.includes('\n'))).toBe(true);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
    expect(Date.now() - started).toBeLessThan(5000);
  });

  it('is described in a line', () => {
    expect(message(cyclic)).toBe(
      'Expected a value without cycles for `churn_rate.churn_rate` but received one that holds itself.',
    );
    expect(message({ sampler_class: 'churn', churn_rate: deep(100) })).toMatch(
      'Expected at most 64 levels for `churn_rate[0]',
    );
    expect(message({ sampler_class: loop })).toMatch('but received [[[an array of 1]]].');
    expect(message({ sampler_class: revoked() })).toMatch('but received a value that cannot be read.');
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`k${i}`, i]));
    expect(
      message({ sampler_class: 'heun', ...many })
        .split('\n')
        .at(-1),
    ).toBe('... and 5 more.');
  });

  it('names the getter that threw', () => {
    expect(message({ sampler_class: 'heun', sampler: thrower('num_sampling_steps', {}) })).toBe(
      'Expected a value that can be read for `sampler.num_sampling_steps` but reading it threw: boo.',
    );
  });

  it('is read once, and not written to', () => {
    let reads = 0;
    const sampler = Object.defineProperty({}, 'num_sampling_steps', { enumerable: true, get: () => ++reads });
    expect(samplerFromConfig(Object.freeze({ sampler_class: 'heun', sampler })).numSamplingSteps).toBe(1);
    expect(reads).toBe(1);
  });

  it('counts an undefined option as absent, but not an unknown one', () => {
    expect(
      samplerFromConfig({ sampler_class: 'heun', num_sampling_steps: undefined, time_grid: [1, 0] }),
    ).toBeDefined();
    expect(paths({ sampler_class: 'heun', num_steps: undefined })).toEqual(['num_steps']);
  });

  it('may have the prototype null', () => {
    const config = Object.assign(Object.create(null) as object, { sampler_class: 'heun' });
    expect(samplerFromConfig(config)).toBeInstanceOf(HeunSampler);
  });
});

describe('any JSON value', () => {
  const name = fc.constantFrom('euler', 'heun', 'euler-maruyama', 'euler_jump', 'churn', 'checked', 'constructor');
  const number = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.double(), fc.constantFrom(1, 0.5, 4096));
  const value = fc.oneof(number, fc.constantFrom('uniform', 'EXP', 'LINEAR', 'mean', 'full', null), fc.jsonValue());
  const kwargKey = fc.constantFrom('t_start', 'tEnd', 't_shift_cur', 'sigma_min', 'sigmaMax', 'rho', '__proto__');
  const optionKey = fc.constantFrom(
    ...['num_sampling_steps', 'numSamplingSteps', 'sampling_time_dist', 'samplingTimeKwargs', 'time_grid', 'last_step'],
    ...['diffusion_coeff', 'diffusionCoeffNorm', 'churn_rate', 'mode', 'constructor', '__proto__'],
  );
  const kwargs = fc.dictionary(kwargKey, value, { maxKeys: 3 });
  const options = fc.dictionary(optionKey, fc.oneof(value, kwargs, fc.array(number)), { maxKeys: 4 });
  const config = fc.oneof(
    fc.jsonValue(),
    fc.record({ sampler_class: fc.oneof(name, value), sampler: fc.oneof(options, fc.jsonValue()) }),
    fc.tuple(name, options).map(([samplerClass, flat]) => ({ ...flat, samplerClass })),
  );

  it('gives a sampler or a ConfigError, and nothing else', () => {
    let samplers = 0;
    fc.assert(
      fc.property(config, (json) => {
        try {
          expect(samplerFromConfig(json)).toBeInstanceOf(Samplers);
          samplers++;
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as ConfigError).issues.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
    expect(samplers).toBeGreaterThan(100);
  });
});
