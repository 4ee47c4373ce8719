/** What a command needs of its process: the streams, and a signal that Ctrl-C aborts. */
import type { Writable } from 'node:stream';

export type Stream = Writable & { readonly isTTY?: boolean };

export interface Terminal {
  /** Data and answers only. */
  readonly stdout: Stream;
  /** Progress, summaries and errors. */
  readonly stderr: Stream;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

const INTERRUPTED = 130;

/** Resolves when the stream has taken the bytes, so that a slow reader slows the writer. */
export function write(stream: Stream, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * Runs a command as this process and sets its exit code. The first Ctrl-C aborts the run, a second ends the process;
 * a reader that closes the pipe (`| head`) ends it quietly.
 */
export async function runAsProcess(command: (args: string[], terminal: Terminal) => Promise<number>): Promise<void> {
  const interrupt = new AbortController();
  process.on('SIGINT', () => {
    if (interrupt.signal.aborted) process.exit(INTERRUPTED);
    interrupt.abort();
  });
  // Other errors reach the writer through `write`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  process.stderr.on('error', () => undefined); // without its reader a command goes on, and keeps its exit code
  const { stdout, stderr } = process;
  process.exitCode = await command(process.argv.slice(2), { stdout, stderr, signal: interrupt.signal });
}
