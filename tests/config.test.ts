import fc from 'fast-check';
import { z } from 'zod';
import {
  ConfigError,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  eulerStep,
  HeunSampler,
  InvalidArgumentError,
  registerSampler,
  registerSamplingTimeDist,
  samplerFromConfig,
  Samplers,
  SIT,
  edmRecord,
  type Expr,
  type SamplersConfig,
  type Step,
  samplerNames,
} from '../src';

declare module '../src/time-grid' {
  interface SamplingTimeKwargsOf {
    square_root: { powerOf: number };
  }
}

registerSamplingTimeDist('square_root', {
  defaults: { powerOf: 0.5 },
  grid: (steps, { powerOf }) => Float64Array.from({ length: steps + 1 }, (_, i) => 1 - (i / steps) ** powerOf),
});

abstract class EulerLike extends Samplers {
  forward(step: Step): Expr {
    return eulerStep(step);
  }
  lastStep(step: Step): Expr {
    return eulerStep(step);
  }
}

class ChurnSampler extends EulerLike {
  readonly churnRate: unknown;
  constructor({ churnRate = 0, ...rest }: SamplersConfig & { churnRate?: unknown } = {}) {
    super(rest);
    if (churnRate === 'type error') throw new TypeError('no number');
    if (churnRate === 'bare') throw new InvalidArgumentError('It is bare.');
    this.churnRate = churnRate;
  }
}

class CheckedSampler extends EulerLike {
  readonly own: { churnRate: number; mode?: string };
  constructor({ churnRate, mode, ...rest }: SamplersConfig & { churnRate: number; mode?: string }) {
    super(rest);
    this.own = mode === undefined ? { churnRate } : { churnRate, mode };
  }
}

registerSampler('churn', ChurnSampler);
registerSampler(
  'checked',
  CheckedSampler,
  z.object({ churnRate: z.number().max(1), mode: z.enum(['a', 'b']).default('a') }),
);

const EDM = edmRecord(0.5);

function refusal(config: unknown): ConfigError {
  try {
    samplerFromConfig(config);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('No error was thrown.');
}

const message = (config: unknown): string => refusal(config).message;
const paths = (config: unknown): string[] => refusal(config).issues.map(({ path }) => path);
const times = (config: unknown, record = SIT): number[] => Array.from(samplerFromConfig(config).sampleT(record));
const camel = (key: string): string => key.replace(/_(.)/g, (_, c: string) => c.toUpperCase());

type Options = Record<string, unknown>;

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

describe('options of one sampler', () => {
  it('diffusion_coeff may be a function', () => {
    const w = (t: number): number => t;
    const sampler = samplerFromConfig({ sampler_class: 'euler-maruyama', sampler: { diffusion_coeff: w } });
    expect(sampler).toMatchObject({ coeff: { w } });
    const config = { sampler_class: 'euler-maruyama', diffusion_coeff: w, diffusion_coeff_norm: 1 };
    expect(message(config)).toMatch('Expected to be absent beside a function for `diffusion_coeff_norm`');
  });

  it.each(['CONSTANT', 'LINEAR_KL', 'LINEAR', 'COS', 'CONCAVE'])('diffusion_coeff may be %s', (name) => {
    const sampler = samplerFromConfig({ sampler_class: 'euler-maruyama', diffusion_coeff: name });
    expect(sampler).toMatchObject({ coeff: { name: name.toLowerCase() } });
  });

  it.each([
    ['diffusion_coeff', 'cubic', 'a function or one of constant, linear, linear_kl'],
    ['diffusion_coeff', 3, 'a function or one of constant'],
    ['diffusion_coeff_norm', -1, 'a finite number of at least 0'],
    ['diffusion_coeff_norm', '1', 'a finite number of at least 0'],
    ['last_step', 'full', "'denoise' or 'mean'"],
  ])('%s %p is refused by euler-maruyama', (key, value, expectation) => {
    const text = message({ sampler_class: 'euler-maruyama', sampler: { [key]: value } });
    expect(text).toMatch(`Expected ${expectation}`);
    expect(text).toMatch(`for \`sampler.${key}\` but received `);
  });

  it('those that are wrong are named together', () => {
    const sampler = { diffusion_coeff: 'cubic', diffusion_coeff_norm: -1, last_step: 'full' };
    expect(paths({ sampler_class: 'euler-maruyama', sampler })).toEqual(
      Object.keys(sampler).map((k) => `sampler.${k}`),
    );
  });

  it('last_step of heun is euler or full', () => {
    for (const last_step of ['euler', 'full']) {
      expect(samplerFromConfig({ sampler_class: 'heun', last_step })).toMatchObject({ lastStepKind: last_step });
    }
    expect(message({ sampler_class: 'heun', last_step: 'mean' })).toBe(
      "Expected 'euler' or 'full' for `last_step` but received 'mean'.",
    );
  });

  it('in the section of another they are refused with the name of their own', () => {
    expect(message({ sampler_class: 'heun', sampler: { diffusion_coeff: 'LINEAR' } })).toMatch(
      "but received 'diffusion_coeff'. It is an option of 'euler-maruyama'.",
    );
  });

  it('a few words of a name are a near miss', () => {
    expect(message({ sampler_class: 'heun', steps: 4 })).toMatch("Did you mean 'num_sampling_steps'?");
    expect(message({ sampler_class: 'heun', network: {} })).not.toMatch('Did you mean');
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
