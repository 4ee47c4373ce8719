/**
 * The environment of jest.ptx.config.ts: the simulated CUDA device with its kernels from the PTX that nvcc emitted. A
 * file fails unless all that it launched was executed from that.
 */
import type { Circus } from '@jest/types';
import { loadCudaSim } from './cuda-sim';
import CudaSimEnvironment from './cuda-sim-environment';
import { emittedPtx } from './emitted-ptx';

export default class PtxEnvironment extends CudaSimEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    const sim = loadCudaSim();
    sim.runPtx(emittedPtx());
    sim.resetCounts();
  }

  override async handleTestEvent(event: Circus.AsyncEvent): Promise<void> {
    await super.handleTestEvent(event);
    if (event.name !== 'run_finish') return;
    const { byName, kernels, ptx } = loadCudaSim().counts();
    const launches = byName['kernel'] ?? 0;
    const names = Object.entries(kernels).map(([name, of]) => `${name} ${of.launches}`);
    const said = `${ptx.launches} of ${launches} launches from PTX, ${(ptx.instructions / 1e6).toFixed(1)} million instructions`;
    process.stdout.write(`${said}: ${names.sort().join(', ')}\n`);
    if (launches === 0 || ptx.launches !== launches || ptx.instructions === 0) throw new Error(said);
  }

  override async teardown(): Promise<void> {
    loadCudaSim().runPtx({});
    await super.teardown();
  }
}
