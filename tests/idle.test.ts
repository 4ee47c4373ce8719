import { spawnSync } from 'node:child_process';
import { addonPath, compiledSources } from './support/compiled';
import { openingText } from './support/device';

/** Runs a program to its end; `run` is the promise of samples. */
function endOf(network: string, after: string): { status: number | null; stdout: string } {
  const program = `
    const { Device, EulerSampler, Rng, SiTInterface } = require(${JSON.stringify(compiledSources('idle'))});
    process.on('exit', () => console.log('exit'));
    ${openingText(1)}.then((device) => {
      const net = new SiTInterface(${network});
      const controller = new AbortController();
      const options = { device, signal: controller.signal };
      const run = new EulerSampler({ numSamplingSteps: 3 }).sample(new Rng(1), net, [1, 4], options);
      run.then(() => console.log('sampled'), (error) => console.log(error.name));
      ${after}
    });
  `;
  const env = { ...process.env, DIFFUSION_SAMPLERS_ADDON: addonPath() };
  return spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', env, timeout: 30_000 });
}

describe('a process ends by itself', () => {
  it('when its only run waits for a network that never answers', () => {
    expect(endOf('() => new Promise(() => {})', '')).toMatchObject({ status: 0, stdout: 'exit\n' });
  });

  it('but not before a run whose network has answered', () => {
    const slow = '({ out }) => new Promise((resolve) => setTimeout(() => resolve(out.fill(0)), 20))';
    expect(endOf(slow, '')).toMatchObject({ status: 0, stdout: 'sampled\nexit\n' });
  });

  it('nor before a run has told that it was aborted, or that its device is gone', () => {
    const never = '() => new Promise(() => {})';
    const later = (what: string): string => `setTimeout(() => ${what}, 100);`;
    expect(endOf(never, later('controller.abort()')).stdout).toBe('AbortError\nexit\n');
    expect(endOf(never, later('device.dispose()')).stdout).toBe('DisposedError\nexit\n');
  });
});
