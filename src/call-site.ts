/** Stacks that begin at the caller's line: the package's own frames are left out. */
import { dirname, join, sep } from 'node:path';

const ROOT = dirname(__dirname);
/** Compiled code, and its sources where source maps are on. */
const OWN = [join(ROOT, 'dist') + sep, join(ROOT, 'src') + sep];
/** How deep a public call goes inside the package, at most. */
const OWN_DEPTH = 30;

const isFrame = (line: string): boolean => line.startsWith('    at ');
/** Frames of Node's own and of built-in functions are nobody's line. */
const isCallers = (frame: string): boolean =>
  /:\d+:\d+\)?$/.test(frame) && !/[ (]node:/.test(frame) && !OWN.some((folder) => frame.includes(folder));

type Constructor = abstract new (...given: never[]) => Error;

/** The frames of a stack from the first that is the caller's; all of them where none is. */
function callerFrames(holder: { stack?: string }): { frames: string[]; found: boolean } {
  const frames = (holder.stack ?? '').split('\n').filter(isFrame);
  const first = frames.findIndex(isCallers);
  return { frames: first < 0 ? frames : frames.slice(first), found: first >= 0 };
}

function captured(above: Constructor): { frames: string[]; found: boolean } {
  const limit = Error.stackTraceLimit;
  const holder: { stack?: string } = {};
  try {
    Error.stackTraceLimit = limit + OWN_DEPTH;
    Error.captureStackTrace(holder, above);
    const { frames, found } = callerFrames(holder);
    return { frames: frames.slice(0, limit), found };
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function setFrames(error: Error, frames: readonly string[]): void {
  // The message may have lines that look like frames, so it is put together anew.
  const stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true, enumerable: false });
}

/** Errors that were made where none of the caller's code was running. */
const lost = new WeakSet<Error>();

/** Lets the stack of an error that is being constructed begin at the caller's line. */
export function pointAtCaller(error: Error, constructor: Constructor): void {
  const { frames, found } = captured(constructor);
  setFrames(error, frames);
  if (!found) lost.add(error);
}

/** Where a call that answers later was made. */
export class CallSite {
  private constructor(private readonly holder: { stack?: string }) {}

  /** To be asked before anything is awaited. Costs little: the text is made only when an error needs it. */
  static here(this: void): CallSite {
    const holder: { stack?: string } = {};
    Error.captureStackTrace(holder, CallSite.here);
    return new CallSite(holder);
  }

  /** Gives an error of this package that was made elsewhere the stack of the call; others pass through. */
  mark(error: unknown): unknown {
    if (error instanceof Error && lost.delete(error)) setFrames(error, callerFrames(this.holder).frames);
    return error;
  }
}
