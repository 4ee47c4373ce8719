/** engine_bench as a server of lines, with one thread and with all. */
import { join } from 'node:path';
import { LineServer } from './line-server';

export const ROOT = join(__dirname, '..');

export const programFile = (name: string): string => join(ROOT, 'native', 'bench', 'programs', `${name}.txt`);

let executable: string | undefined;

function engineFile(): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the scripts are CommonJS without types
  executable ??= (require('../scripts/bench-build.cjs') as () => string)();
  return executable;
}

/** Runs `work` with an engine of so many threads, which holds nothing afterwards. */
export async function withEngine<T>(
  threads: number,
  sampleMs: number,
  work: (engine: LineServer) => Promise<T>,
): Promise<T> {
  const args = ['--serve', '--threads', String(threads), '--sample-ms', String(sampleMs)];
  const engine = new LineServer('engine_bench', engineFile(), args);
  try {
    return await work(engine);
  } finally {
    engine.end();
  }
}

/** One thread, and all that there are. */
export function threadCounts(all: number): number[] {
  return all > 1 ? [1, all] : [1];
}

export const threadsText = (threads: number): string => (threads === 1 ? '1 thread' : `${threads} threads`);
