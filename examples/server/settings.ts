/** What the operator decides: where to listen, which model and device, and how much one client may ask for. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface Limits {
  /** Samples of one request. */
  readonly maxSamples: number;
  readonly maxSteps: number;
  /** Largest guidance scale; far beyond it the values overflow. */
  readonly maxGuidance: number;
  /** Runs under way at once; one more is answered 503. */
  readonly maxRuns: number;
  readonly bodyBytes: number;
  readonly maxConnections: number;
  /** How long runs may go on after SIGTERM before they are aborted. */
  readonly stopWithinMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxSamples: 64,
  maxSteps: 128,
  maxGuidance: 20,
  maxRuns: 4,
  bodyBytes: 16 * 1024,
  maxConnections: 256,
  stopWithinMs: 10_000,
};

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly model: string;
  readonly device: string;
  readonly threads: number | undefined;
  readonly limits: Limits;
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`Expected an integer from ${min} to ${max} for \`--${option}\` but received '${text}'.`);
}

/** @throws Error naming the option that cannot be used. */
export function readSettings(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8080' },
      model: { type: 'string', default: join(__dirname, '../../models/digits-sit.onnx') },
      device: { type: 'string', default: 'auto' },
      threads: { type: 'string' },
      'max-runs': { type: 'string', default: String(DEFAULT_LIMITS.maxRuns) },
    },
  });
  return {
    host: values.host,
    port: integer('port', values.port, 0, 65_535),
    model: values.model,
    device: values.device,
    threads: values.threads === undefined ? undefined : integer('threads', values.threads, 1, 1024),
    limits: { ...DEFAULT_LIMITS, maxRuns: integer('max-runs', values['max-runs'], 1, 1_000_000) },
  };
}
