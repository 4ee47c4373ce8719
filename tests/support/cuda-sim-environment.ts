/**
 * The environment of the project `cuda-sim`: tests open the simulated CUDA device, and after each file that device must
 * have nothing to report and hold nothing.
 */
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';
import { loadCudaSim, simFile } from './cuda-sim';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const SETTLE_MS = 3000;

export default class CudaSimEnvironment extends TestEnvironment {
  /** What another file of this process left, and has failed for. */
  private before: string[] = [];

  override async setup(): Promise<void> {
    await super.setup();
    const addon = simFile('diffusion_samplers.node');
    if (!existsSync(addon)) throw new Error(`${addon} is not there: node scripts/build-sim.cjs makes it`);
    this.global.process.env['DIFFUSION_SAMPLERS_ADDON'] = addon;
    this.global['deviceUnderTest'] = 'cuda';
    const sim = loadCudaSim();
    // The seed of the device's own choices: a failure comes again with the one that stands in the environment.
    sim.seed(Number(process.env['CUDA_SIM_SEED'] ?? 1));
    sim.clearFaults();
    this.before = sim.leaks();
  }

  async handleTestEvent(event: Circus.AsyncEvent): Promise<void> {
    if (event.name !== 'run_finish') return;
    const sim = loadCudaSim();
    const leaks = (): string[] => sim.leaks().filter((leak) => !this.before.includes(leak));
    const until = performance.now() + SETTLE_MS;
    // What a test forgot to dispose of is the garbage collector's.
    do {
      collectGarbage();
      await new Promise((resolve) => setImmediate(resolve));
    } while (leaks().length > 0 && performance.now() < until);
    const problems = [...sim.faults(), ...leaks().map((leak) => `not given back: ${leak}`)];
    if (problems.length > 0) throw new Error(`the simulated device reports\n  ${problems.join('\n  ')}`);
  }
}
