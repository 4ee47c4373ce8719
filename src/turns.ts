/**
 * Turns of the event loop: whoever makes a plan shares them, so that all of them together hold it for a few
 * milliseconds at a time.
 */
import { AbortError } from './errors';

/** How long a turn is held. One more step of a plan and a collection of garbage may come on top. */
const HOLD_MS = 3;

/** When the first of this turn began; undefined where nobody has. */
let since: number | undefined;
/** Those that go on in later turns, one in each. */
const waiting: (() => void)[] = [];

function turn(): void {
  since = undefined;
  const next = waiting.shift();
  if (next === undefined) return;
  begin();
  next();
}

function begin(): void {
  if (since !== undefined) return;
  since = performance.now();
  setImmediate(turn);
}

/** Whether this turn has been held for long enough. The first that asks in a turn begins it. */
export function turnIsOver(): boolean {
  begin();
  return performance.now() - (since as number) > HOLD_MS;
}

/** Resolves in a later turn. @throws AbortError where the signal is aborted by then. */
export async function nextTurn(signal: AbortSignal | undefined): Promise<void> {
  begin();
  await new Promise<void>((resolve) => waiting.push(resolve));
  if (signal?.aborted === true) throw new AbortError(signal.reason);
}
