/** A progress bar on stderr, for people only: nothing is drawn where stderr is not a terminal. */
import { Format, SingleBar, type GenericFormatter } from 'cli-progress';
import { counted, seconds } from './figures';
import type { SampleRun } from '../run';
import type { Terminal } from './terminal';

const line: GenericFormatter = (options, { progress, value, total, startTime }) => {
  const bar = Format.BarFormat(progress, options);
  const elapsed = (Date.now() - startTime) / 1000;
  const left = value > 0 ? `, ${seconds((elapsed / value) * (total - value))} left` : '';
  return `${bar} ${value} of ${counted(total, 'step')}${left}`;
};

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
  bar.start(steps, 0);
  try {
    for await (const { step } of run.progress()) bar.update(step);
  } finally {
    bar.stop();
  }
}
