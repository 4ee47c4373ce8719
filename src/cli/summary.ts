/** What a command says about a run that is done: for people, or as JSON. */
import type { Device } from '../device';
import type { Drawing } from './draw-samples';
import { count, counted, rate, seconds } from './figures';
import type { SamplingOptions } from './sampling-options';
import { pairs } from './table';

export interface RunFacts {
  device: Device;
  asked: Pick<SamplingOptions, 'sampler' | 'steps' | 'guidance' | 'seed'>;
  drawing: Omit<Drawing, 'data'>;
  /** Where the samples went; '-' is stdout. */
  file: string;
}

function deviceText({ kind, name, lanes, threads, fallback }: Device): string {
  if (kind === 'cuda') return `CUDA, ${name}`;
  const cpu = `CPU, ${counted(threads, 'thread')}, ${lanes}`;
  return fallback === undefined ? cpu : `${cpu}; not CUDA: ${fallback}`;
}

/** Lines for stderr or a terminal. */
export function summaryText({ device, asked, drawing, file }: RunFacts): string {
  const { shape, evaluations, elapsedSeconds } = drawing;
  const [n = 0, ...rowShape] = shape;
  const guidance = asked.guidance === 1 ? '' : `, guidance ${asked.guidance}`;
  const lines = pairs([
    ['device', deviceText(device)],
    ['samples', `${count(n)} × [${rowShape.join(', ')}]`],
    ['sampler', `${asked.sampler}, ${counted(asked.steps, 'step')}${guidance}`],
    ['network', `${counted(evaluations, 'evaluation')} of ${counted(n, 'sample')} each`],
    ['time', `${seconds(elapsedSeconds)}, ${rate(n, elapsedSeconds)}`],
    ['seed', String(asked.seed)],
    ['file', file === '-' ? 'standard output' : file],
  ]);
  return `${lines.join('\n')}\n`;
}

/** One JSON object. `seed` is a number where JavaScript can hold it, else a string. */
export function summaryJson({ device, asked, drawing, file }: RunFacts): string {
  const { kind, name, lanes, threads, fallback = null } = device;
  const { shape, evaluations, elapsedSeconds } = drawing;
  const seed = asked.seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(asked.seed) : String(asked.seed);
  return `${JSON.stringify({
    device: { kind, name, lanes, threads, fallback },
    sampler: asked.sampler,
    steps: asked.steps,
    guidance: asked.guidance,
    shape,
    evaluations,
    seconds: elapsedSeconds,
    samplesPerSecond: (shape[0] ?? 0) / elapsedSeconds,
    seed,
    file,
  })}\n`;
}
