/** A graceful end: no new requests, time for the runs under way, then abort, then everything freed. */
import type { Server } from './server';

/** After the abort a run ends within two steps; whoever still does not read its answer is cut off. */
const LAST_WORDS_MS = 1000;
const SWEEP_MS = 50;

/** Resolves when the server has closed and its device is disposed of. */
export async function stop({ app, signals, limits }: Server): Promise<void> {
  const abort = setTimeout(() => signals.abortAll(new Error('The server is stopping.')), limits.stopWithinMs);
  const cut = setTimeout(() => app.server.closeAllConnections(), limits.stopWithinMs + LAST_WORDS_MS);
  // close() ends the connections that are idle when it is called. Those kept alive after a later answer it would wait
  // for, and those that a client opened in advance and never used.
  const sweep = setInterval(() => {
    if (signals.waiting === 0) app.server.closeAllConnections();
  }, SWEEP_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(abort);
    clearTimeout(cut);
    clearInterval(sweep);
  }
}
