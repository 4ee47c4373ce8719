/** A terminal that keeps what is written to it. */
import { Writable } from 'node:stream';
import type { Stream, Terminal } from '../../src/cli/terminal';

export interface Captured {
  terminal: Terminal;
  stdout: () => Buffer;
  stderr: () => string;
}

function stream(chunks: Buffer[], isTTY: boolean): Stream {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return Object.assign(sink, { isTTY });
}

export function captured(options: { isTTY?: boolean; signal?: AbortSignal } = {}): Captured {
  const { isTTY = false, signal = new AbortController().signal } = options;
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  return {
    terminal: { stdout: stream(out, isTTY), stderr: stream(err, isTTY), signal },
    stdout: () => Buffer.concat(out),
    stderr: () => Buffer.concat(err).toString(),
  };
}
