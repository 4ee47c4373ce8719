/** The options that one sampler has and another does not. */
import { samplerFromConfig } from '../../src';
import { message, paths } from '../support/configs';

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
