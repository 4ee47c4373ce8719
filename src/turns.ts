/**
 * Turns of the event loop: whoever makes a plan shares them, so that all of them together hold it for a few
 * milliseconds at a time.
 */
import { AbortError } from './errors';

/** How long a turn is held. One more step of a plan and a collection of garbage may come on top. */
const HOLD_MS = 2;
/** How long a turn is held when one more may still go on in it: many that need next to nothing share one. */
const SHARE_MS = 1;
/** What no turn lasts: then its end was never told, or the clock was another one, as with a test's fake timers. */
const FORGOTTEN_MS = 1000;

/** When the first of this turn began; undefined where nobody has. */
let since: number | undefined;
/** Those that go on in later turns, first come, first served. */
const waiting: (() => void)[] = [];

/** How long this turn has been held; undefined where nobody has begun it. */
function held(): number | undefined {
  if (since === undefined) return undefined;
  const passed = performance.now() - since;
  return passed >= 0 && passed < FORGOTTEN_MS ? passed : undefined;
}

function begin(): void {
  since = performance.now();
  setImmediate(() => (since = undefined));
}

/** One is due for each that waits; after the end of the turn before, which was due earlier. */
function goOn(): void {
  const passed = held();
  if (passed !== undefined && passed > SHARE_MS) {
    setImmediate(goOn);
    return;
  }
  if (passed === undefined) begin();
  waiting.shift()?.();
}

/** Whether this turn has been held for long enough. The first that asks in a turn begins it. */
export function turnIsOver(): boolean {
  const passed = held();
  if (passed === undefined) begin();
  return passed !== undefined && passed > HOLD_MS;
}

/** Resolves in a later turn; rejects with an AbortError as soon as the signal is aborted. */
export function nextTurn(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      waiting.splice(waiting.indexOf(resume), 1);
      reject(new AbortError(signal?.reason));
    };
    const resume = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    waiting.push(resume);
    setImmediate(goOn);
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
