/** The border with the native addon: its typed surface, and the only place that loads it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { NativeLoadError } from './errors';
import { fromNativeError } from './native-error';

/** How the elements of a buffer lie in memory; arithmetic is float32. */
export type NativeDtype = 'float32' | 'float16' | 'bfloat16';

/** One combine pass: every output is an affine combination of the same terms, element by element. */
export interface NativeCombine {
  kind: 'combine';
  /**
   * First word of this pass in the record of its step. Coefficients (float32 bits) follow output by output:
   * one per term, or a single one for a derived output, which is that multiple of output 0 after rounding.
   */
  firstWord: number;
  /** A buffer (with the evaluator that wrote it, or -1), or unit normals (the record's word that holds the draw index). */
  terms: ({ slot: number; evaluator: number } | { draw: number })[];
  outputs: { slot: number; derived: boolean }[];
}

/** A group of network calls at one input and one time (a flow map has a second: where it goes). */
export interface NativeEvaluate {
  kind: 'evaluate';
  input: number;
  /** Index among the times of the step. */
  time: number;
  /** Index of the second time among the times of the step, -1 for networks that see one. */
  secondTime: number;
  calls: { evaluator: number; output: number }[];
}

export interface NativeProgram {
  /** Words per record and row class. */
  words: number;
  /** Times per record and row class. */
  times: number;
  stages: (NativeEvaluate | NativeCombine)[];
}

/** A network bound to its conditioning for one run; without `network` the JavaScript handler is called. */
export interface NativeEvaluator {
  network: NativeNetwork | null;
  /** Names of the state's input, the inputs of both times and the output; null unless the network is ONNX. */
  ports: { x: string; t: string; r: string | null; out: string } | null;
  /** Extra inputs of a native network by name; empty for JavaScript. */
  inputs: Record<string, NativeInput>;
}

export interface NativeInput {
  data: Float32Array | Int32Array | BigInt64Array;
  shape: number[];
}

/** A plan as the engine reads it: no options, no defaults, no optional fields. */
export interface NativePlan {
  rows: number;
  /** Elements of one row. */
  elements: number;
  /** Shape of one row, for networks that want it; its product is `elements`. */
  rowShape: number[];
  /** Buffers of [rows, elements]. What comes from outside and what is handed out is float32. */
  slots: NativeDtype[];
  programs: NativeProgram[];
  /** Program of each entry. The last `steps` entries are steps; one may stand before them to make the start. */
  sequence: Uint32Array;
  steps: number;
  /** Row classes: rows with the same class share their numbers. */
  classes: number;
  rowClass: Uint32Array;
  /** Records, entry after entry: classes × words. */
  words: Uint32Array;
  /** Times, entry after entry: times × classes. */
  times: Float32Array;
  /** Philox key of each row. */
  seeds: BigUint64Array;
  evaluators: NativeEvaluator[];
  /** Buffers handed out at the end, in this order. */
  results: Uint32Array;
  /** Buffer whose values `progress` gets at the end of a step, -1 for none. */
  preview: number;
  /** Whether steps that consist of kernels alone may be recorded and replayed. */
  graph: boolean;
}

/**
 * What a buffer is before the first entry. On the CPU it is read where it lies until the run has written the buffer, at
 * the latest until `done`: an array must not change, be resized or lose its memory before. It is never written to, and
 * is detached once it was read for the last time. On CUDA it is uploaded in the call.
 */
export interface NativeStart {
  slot: number;
  data: Float32Array | NativeTensor;
}

export interface NativeFailure {
  code: 'ABORTED' | 'NUMERICAL' | 'OUT_OF_MEMORY' | 'CUDA' | 'MODEL' | 'INTERNAL';
  message: string;
  /**
   * With NUMERICAL: the step, row and evaluator of the first such value; evaluator -1: the update itself overflowed, -2:
   * what the run started from.
   */
  step: number;
  row: number;
  evaluator: number;
}

/** What a run calls on the JavaScript thread. None of these is ever called after `done`, or from another thread. */
export interface RunHandlers {
  /** `out` must be filled, then `NativeRun.resume()` called; the arrays are detached then, or when the run ends. */
  network(evaluator: number, x: Float32Array, t: Float32Array, r: Float32Array | null, out: Float32Array): void;
  /** Steps finished so far, and a copy of the preview buffer at that moment: once for each `report()`. */
  progress(step: number, preview: Float32Array | null): void;
  /** `steps` were finished. */
  done(failure: NativeFailure | null, results: NativeTensor[] | null, steps: number): void;
}

export interface NativeRun {
  /** Steps finished so far; undefined once the run has ended. */
  readonly steps: number | undefined;
  /** Asks for `progress` at the end of a step. The last preview comes unasked. */
  report(): void;
  /** The JavaScript network that is due has filled `out`. Ignored when none is due or the run has ended. */
  resume(): void;
  /** Ends the run with ABORTED at the next stage. Idempotent. */
  cancel(): void;
}

export interface NativeTensor {
  readonly byteLength: number;
  /** A copy in host memory. */
  read(): Promise<Float32Array>;
  /** The memory itself, on a device of the host; detached by release(). */
  view(): Float32Array;
  /** Frees the memory at once. Idempotent. */
  release(): void;
}

export interface NativeNetwork {
  release(): void;
}

export interface OnnxPort {
  name: string;
  /** ONNX element type, as 'float32', 'float16', 'bfloat16', 'int64', 'int32', or 'other(n)'. */
  dtype: string;
  /** -1 where the dimension is symbolic. */
  shape: number[];
}

export interface NativeOnnx extends NativeNetwork {
  readonly inputs: OnnxPort[];
  readonly outputs: OnnxPort[];
  /**
   * Off the JavaScript thread. What is float16 or bfloat16 to the model is given and comes as float32; outputs of
   * further types are an error.
   */
  run(feeds: Record<string, NativeInput>): Promise<Record<string, NativeInput>>;
}

/** An isotropic Gaussian mixture as an exact network. */
export interface NativeMixture {
  /** 'sit': input x, time t, output v. 'edm': input cIn x, time ln(sigma)/4, output F of Karras' preconditioning. */
  kind: 'sit' | 'edm';
  /** Standard deviation that the preconditioning assumes; unused for 'sit'. */
  sigmaData: number;
  /** [K], any positive scale within a class. */
  weights: Float32Array;
  /** [K × elements] */
  means: Float32Array;
  /** [K], positive. */
  deviations: Float32Array;
  /**
   * [K], class of each component, from 0; null where the mixture has no classes. A run may then bind the int32 input
   * 'y' [rows]: a row sees the components of its class alone, or all with -1.
   */
  classes: Int32Array | null;
}

/** What the runs of a device have done so far. Of a stage, a wait or a step that has not ended, nothing is counted yet. */
export interface NativeWork {
  runsStarted: number;
  runsFinished: number;
  runsFailed: number;
  steps: number;
  evaluations: number;
  networkSeconds: number;
  combineSeconds: number;
  waitingSeconds: number;
}

export interface NativeDevice {
  readonly kind: 'cpu' | 'cuda';
  readonly name: string;
  /** Lanes in use on the CPU ('scalar', 'neon', 'avx2', 'avx512'); 'cuda' on CUDA. */
  readonly lanes: string;
  readonly threads: number;
  /** Bytes held now and at most so far, by tensors, runs and their tables. */
  memory(): { liveBytes: number; peakBytes: number };
  work(): NativeWork;
  upload(data: Float32Array): NativeTensor;
  startRun(plan: NativePlan, starts: NativeStart[], handlers: RunHandlers): NativeRun;
  mixture(spec: NativeMixture): NativeNetwork;
  /** Loads a model with the ONNX Runtime library at `library`. `model` is a path or the bytes. */
  onnx(library: string, model: string | Uint8Array, threads: number): Promise<NativeOnnx>;
  /**
   * Cancels its runs and frees its memory. Waits at most half a second for its threads: what does not stop by then (a
   * model that is being loaded) ends in the background, and what a run reads of JavaScript's memory is held until then.
   * Idempotent.
   */
  close(): void;
}

export interface CudaState {
  /** Built with CUDA support. */
  built: boolean;
  /** cudaGetDeviceCount's result; 0 is success; -1 without CUDA support. */
  code: number;
  /** Why it cannot be used, as the end of a sentence, and what to do about it, as a sentence; '' where it can. */
  reason: string;
  remedy: string;
  driverVersion: number;
  runtimeVersion: number;
  devices: { ordinal: number; name: string; totalBytes: number; computeCapability: string }[];
}

export interface NativeAddon {
  build: { compiler: string; cuda: boolean; cudaArchitectures: string };
  cpu: { lanes: string[]; cores: number };
  /** Asks the driver; nothing does so before this is called. */
  cuda(): CudaState;
  /**
   * Closes every device, as their `close()` does; none can be opened afterwards. Threads that still ran when the process
   * ends would meet libraries that have been taken down. Idempotent.
   *
   * The end of a worker does the same by itself, and then waits without limit for runs that still read the array that they
   * were given to start from, as its memory goes with the worker.
   */
  shutDown(): void;
  openDevice(kind: 'cpu' | 'cuda', ordinal: number, threads: number, lanes: string): NativeDevice;
  /** Unit normals as the kernels make them, for tests and for callers that want the noise itself. */
  normals(lanes: string, seed: bigint, stream: number, draw: number, first: number, count: number): Float32Array;
  /** Philox4x32-10 of counter (4 words) and key (2 words). */
  philox(lanes: string, counter: Uint32Array, key: Uint32Array): Uint32Array;
  /** Over `count` consecutive words from `first`: how many Box-Muller results (radius, and sine and cosine) are not finite, and their range. */
  normalRange(lanes: string, first: number, count: number): { bad: number; maxRadius: number; maxUnit: number };
}

const FILE = 'diffusion_samplers.node';
const PLATFORM = `${process.platform}-${process.arch}`;

/** Where the addon may lie, in this order: the one asked for; or the one built here, then the one of the package. */
export function addonFiles(): string[] {
  const chosen = process.env['DIFFUSION_SAMPLERS_ADDON'];
  if (chosen !== undefined && chosen !== '') return [resolve(chosen)];
  const root = resolve(__dirname, '..');
  return [
    join(root, 'build', 'Release', FILE),
    join(root, 'build', 'Debug', FILE),
    join(root, 'prebuilds', PLATFORM, FILE),
  ];
}

let loaded: { addon: NativeAddon; file: string } | undefined;

function load(): { addon: NativeAddon; file: string } {
  const tried: string[] = [];
  let cause: unknown;
  for (const file of addonFiles()) {
    if (!existsSync(file)) {
      tried.push(`${file}: not there`);
      continue;
    }
    try {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- a .node file has no other loader in CommonJS
      const addon = require(file) as NativeAddon;
      process.once('exit', () => addon.shutDown());
      return { addon, file };
    } catch (error) {
      // Another file, or another build, would not help.
      if ((error as { code?: unknown } | null)?.code === 'OUT_OF_MEMORY') throw fromNativeError(error);
      cause = error;
      tried.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new NativeLoadError(
    `The native addon did not load on ${PLATFORM} with Node ${process.version}. Tried:\n  ${tried.join('\n  ')}\n`,
    'Build it with `npx diffusion-samplers build`, which needs a C++ compiler, make and cmake.',
    cause,
  );
}

/**
 * The addon, loaded on first use. Loading touches no CUDA driver.
 * @throws NativeLoadError with what was tried and the remedy, where there is none for this platform or none loads;
 * OutOfMemoryError.
 */
export function native(): NativeAddon {
  loaded ??= load();
  return loaded.addon;
}

/** The file that `native()` came from. @throws NativeLoadError as it does. */
export function addonFile(): string {
  loaded ??= load();
  return loaded.file;
}
