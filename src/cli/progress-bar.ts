/** A progress bar on stderr, for people only: nothing is drawn where stderr is not a terminal. */
import { Format, SingleBar, type GenericFormatter } from 'cli-progress';
import { counted, seconds } from './figures';
import type { SampleRun } from '../run';
import type { Terminal } from './terminal';

const line: GenericFormatter = (options, { progress, value, total }, payload: { left?: string }) =>
  `${Format.BarFormat(progress, options)} ${value} of ${counted(total, 'step')}${payload.left ?? ''}`;

/** Follows a run to its end, whichever it is. */
export async function showProgress(run: SampleRun, steps: number, { stderr }: Terminal): Promise<void> {
  if (stderr.isTTY !== true) return;
  const bar = new SingleBar({
    stream: stderr,
    format: line,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    // Left as it is, so that a process that is killed leaves the terminal in order.
    hideCursor: false,
    linewrap: true,
    clearOnComplete: true,
    gracefulExit: false,
  });
  const begin = performance.now();
  bar.start(steps, 0);
  try {
    for await (const { step } of run.progress()) {
      const perStep = (performance.now() - begin) / 1000 / step;
      bar.update(step, { left: `, ${seconds(Math.ceil(perStep * (steps - step)))} left` });
    }
  } finally {
    bar.stop();
  }
}
