/** From what went wrong to an exit code and a sentence. */
import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { InvalidArgumentError } from '../errors';
import { write, type Terminal } from './terminal';

/** Exit codes: 0 fine, 1 the run failed, 2 usage, 130 interrupted. */
export const EXIT = { fine: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Stacks are for those who ask: --debug, or DEBUG in the environment. */
function wantsStack(args: readonly string[]): boolean {
  return args.includes('--debug') || (process.env['DEBUG'] ?? '') !== '';
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs a command and answers with its exit code; what it throws goes to stderr as one sentence. */
export async function guard(args: readonly string[], terminal: Terminal, body: () => Promise<void>): Promise<number> {
  try {
    await body();
    return EXIT.fine;
  } catch (error) {
    // Commander has written its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    if ((error as NodeJS.ErrnoException | null)?.code === 'EPIPE') return EXIT.fine;
    // Without a reader of stderr the exit code still has to be right.
    const say = (text: string): Promise<void> => write(terminal.stderr, text).catch(() => undefined);
    if (terminal.signal.aborted) {
      await say('Interrupted.\n');
      return EXIT.interrupted;
    }
    await say(`error: ${wantsStack(args) ? inspect(error) : sentence(error)}\n`);
    return error instanceof InvalidArgumentError ? EXIT.usage : EXIT.failed;
  }
}
