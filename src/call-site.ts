/** Stacks that begin at the caller's line: the package's own frames are left out. */
import { dirname, join, sep } from 'node:path';

const ROOT = dirname(__dirname);
/** Compiled code, and its sources where source maps are on. */
const OWN = [join(ROOT, 'dist') + sep, join(ROOT, 'src') + sep];
/** How deep a public call goes inside the package, at most. */
const OWN_DEPTH = 30;

const isFrame = (line: string): boolean => line.startsWith('    at ');
const isOwn = (frame: string): boolean => OWN.some((folder) => frame.includes(folder));
/** Frames of Node's own and of built-in functions are nobody's line. */
const isCallers = (frame: string): boolean => /:\d+:\d+\)?$/.test(frame) && !/[ (]node:/.test(frame) && !isOwn(frame);

type Holder = { stack?: unknown };
type Constructor = abstract new (...given: never[]) => Error;
type Callable = Constructor | ((...given: never[]) => unknown);

/** What runs now, without `above` and what it called. */
function capture(above: Callable): Holder {
  const holder: Holder = {};
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = limit + OWN_DEPTH;
    Error.captureStackTrace(holder, above);
  } finally {
    Error.stackTraceLimit = limit;
  }
  return holder;
}

/** The frames from the first that is the caller's; undefined where the program makes something else of stacks. */
function callerFrames({ stack }: Holder): string[] | undefined {
  if (typeof stack !== 'string') return undefined;
  const frames = stack.split('\n').filter(isFrame);
  const first = frames.findIndex(isCallers);
  return first < 0 ? frames : frames.slice(first);
}

function setFrames(error: Error, frames: readonly string[]): void {
  // The message may have lines that look like frames, so it is put together anew.
  const stack = [`${error.name}: ${error.message}`, ...frames.slice(0, Error.stackTraceLimit)].join('\n');
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true, enumerable: false });
}

/**
 * An error is worth more than its stack: where the program has frozen or replaced what stacks are made with, or its
 * hook throws, the error stays as it is.
 */
function ifPossible(work: () => void): void {
  try {
    work();
  } catch {
    // As above.
  }
}

/** Errors that none of the caller's code was in the midst of: who waits for a call is not who made it. */
const outside = new WeakSet<Error>();

/** Lets the stack of an error that is being constructed begin at the caller's line. */
export function pointAtCaller(error: Error, constructor: Constructor): void {
  ifPossible(() => {
    const frames = callerFrames(capture(constructor));
    if (frames === undefined) return;
    setFrames(error, frames);
    const called = frames[0] !== undefined && isCallers(frames[0]) && frames.some(isOwn);
    if (!called) outside.add(error);
  });
}

/** Gives an error of this package that was made elsewhere the stack of the call; others stay as they are. */
function moveTo(call: Holder, error: unknown): void {
  const frames = callerFrames(call);
  const known = frames?.[0] !== undefined && isCallers(frames[0]);
  if (known && error instanceof Error && outside.delete(error)) setFrames(error, frames);
}

/**
 * The work of a public function that answers later: what it rejects with points at that function's caller. Costs little:
 * the text of a stack is made only when an error needs it.
 */
export async function answerLater<T>(work: () => Promise<T>): Promise<T> {
  let call: Holder = {};
  ifPossible(() => {
    call = capture(answerLater);
  });
  try {
    return await work();
  } catch (error) {
    ifPossible(() => moveTo(call, error));
    throw error;
  }
}
