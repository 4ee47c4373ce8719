/** Draws samples for a command: the run, its progress bar, its measurements. */
import { Rng } from '../rng';
import type { OpenSetup } from './setup';
import { showProgress } from './progress-bar';
import type { Terminal } from './terminal';

export interface DrawOptions {
  seed: bigint;
  /** Draw a bar, where stderr is a terminal. */
  progress: boolean;
}

export interface Drawing {
  /** [n, ...] flat */
  data: Float32Array;
  shape: readonly number[];
  /** Network calls, each on all rows. */
  evaluations: number;
  /** From the call to the samples; loading is not counted. */
  elapsedSeconds: number;
}

export async function drawSamples(setup: OpenSetup, options: DrawOptions, terminal: Terminal): Promise<Drawing> {
  const { sampler, net, shape } = setup;
  const begin = performance.now();
  const run = sampler.sample(new Rng(options.seed), net, shape, { ...setup.options, signal: terminal.signal });
  // Together, so that a failure is caught while the bar is still drawn.
  const [samples] = await Promise.all([
    run,
    options.progress ? showProgress(run, sampler.numSamplingSteps, terminal) : undefined,
  ]);
  const elapsedSeconds = (performance.now() - begin) / 1000;
  try {
    return { data: await samples.data(), shape, evaluations: run.plan?.evaluations ?? 0, elapsedSeconds };
  } finally {
    samples.dispose();
  }
}
