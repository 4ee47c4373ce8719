/** Options of `sample`, `step` and `plan`: defaults, validation, meaning, all in one place. */
import { checkDevice, type Device } from './device';
import { expected, InvalidArgumentError, refuseUnknownKeys } from './errors';
import { checkGiven, takeMemory } from './given-array';
import type { Net } from './interfaces/model-interface';
import type { NativeStart } from './native';
import type { NativeNet, NetKwargs, Network } from './nets/network';
import { rowClasses, type Guidance, type TimeInterval } from './row-classes';
import { checkShape, Tensor } from './tensor';

/** Values in host memory with their shape, [n, ...] flat. */
export interface HostArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** How the start is made from what was given: see `SampleOptions.init`. */
export type Init = 'noise' | 'state' | 'clean';

export interface TrajectoryOptions {
  /** Also keep D at the beginning of each step (default false); costs an evaluation where the sampler makes none there. */
  denoised?: boolean;
}

export interface SampleOptions {
  /** The guide network u of y = u + w (c - u) (default: `net`, where gNetKwargs are given). */
  gNet?: Net;
  /** w, one number or one per row (default 1: no guidance). */
  guidanceScale?: number | ArrayLike<number>;
  /**
   * Times between which guidance applies, ends included, in the interface's clock; one pair, or one per row (default:
   * everywhere). Outside w = 1, and the guide is not evaluated where no row needs it.
   */
  guidanceInterval?: TimeInterval | readonly TimeInterval[];
  /** Conditioning of `net`. */
  netKwargs?: NetKwargs;
  /** Conditioning of the guide. */
  gNetKwargs?: NetKwargs;
  /**
   * 'noise': unit normals, drawn for a shape or given as an array, scaled by s(t0) of the path (default for a shape);
   * 'state': the array as it is (default for an array); 'clean': the array noised, a(t0) x0 + s(t0) n.
   */
  init?: Init;
  /**
   * Hands the array over that is given to start from, instead of having it copied (default false); with `{ data, shape }`
   * only. As with `postMessage`, the ArrayBuffer of `x.data` is detached in the call, and all of it, also where the array
   * shows a part: every view of it is empty then. A call that throws leaves it as it was; after a call that returned it
   * is gone, also where the run fails. On the CPU the run reads it where it lies, and frees it once it was read for the
   * last time, mostly in the first step; a worker that ends meanwhile waits for that. On CUDA it is uploaded. What cannot
   * be detached cannot be handed over: shared and WebAssembly memory, Node's Buffer pool, `Tensor.view()`, and memory of
   * other addons.
   */
  transfer?: boolean;
  /** Seed of each row, [n], in the place of `rng.seeds(n, offset)`; the Rng is not used then. Not with `offset`. */
  seeds?: BigUint64Array;
  /** Keeps the states of the run, and the denoised values where asked: see `SampleRun.trajectory`. */
  trajectory?: boolean | TrajectoryOptions;
  /** Number of the first row, for shards: rows `offset` to `offset + n - 1` of the same Rng (default 0). */
  offset?: number;
  /** Where to run (default: where the networks are, else the default device). */
  device?: Device;
  /** Ends the run within two steps. */
  signal?: AbortSignal;
  /**
   * On CUDA, whether steps that consist of kernels alone are recorded as a graph and replayed (default true). The same
   * bits either way; false keeps no workspace for later runs of the same shape. The CPU has nothing to record.
   */
  graph?: boolean;
}

const KEYS = [
  'gNet',
  'guidanceScale',
  'guidanceInterval',
  'netKwargs',
  'gNetKwargs',
  'init',
  'transfer',
  'seeds',
  'trajectory',
  'offset',
  'device',
  'signal',
  'graph',
] as const;
const MAX_ROWS = 2 ** 27;

/** Options after validation: nothing optional left but what may be absent. */
export interface Request {
  readonly net: Net;
  readonly netKwargs: NetKwargs;
  readonly gNet: Net | undefined;
  readonly gNetKwargs: NetKwargs;
  readonly rows: number;
  readonly rowShape: readonly number[];
  /** Guidance of each row class, and the class of each row. */
  readonly guidance: readonly Guidance[];
  readonly rowClass: Uint32Array;
  readonly init: Init;
  /** An array is still the caller's, until `takeStart`. */
  readonly start: Tensor | HostArray | undefined;
  readonly transfer: boolean;
  readonly offset: number;
  readonly seeds: BigUint64Array | undefined;
  readonly trajectory: TrajectoryOptions | undefined;
  readonly device: Device | undefined;
  readonly signal: AbortSignal | undefined;
  readonly graph: boolean;
}

const NET_METHODS = ['velocity', 'score', 'denoised', 'noise'] as const;

export function checkNet(net: unknown, option: string): Net {
  const candidate = net as Partial<Net> | null | undefined;
  const valid =
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.record === 'object' &&
    candidate.record !== null &&
    NET_METHODS.every((m) => typeof candidate[m] === 'function');
  if (!valid) throw expected('a net such as new SiTInterface(network)', option, net);
  return candidate as Net;
}

function checkKwargs(kwargs: unknown, option: string): NetKwargs {
  if (kwargs === undefined) return Object.freeze({});
  if (typeof kwargs !== 'object' || kwargs === null || ArrayBuffer.isView(kwargs) || Array.isArray(kwargs)) {
    throw expected('an object of named inputs', option, kwargs);
  }
  return kwargs as NetKwargs;
}

function checkSeeds(seeds: unknown, rows: number): BigUint64Array | undefined {
  if (seeds === undefined) return undefined;
  return new BigUint64Array(checkGiven(seeds, 'BigUint64Array', [rows, '(one per row)'], 'seeds'));
}

function checkTrajectory(trajectory: unknown): TrajectoryOptions | undefined {
  if (trajectory === undefined || trajectory === false) return undefined;
  if (trajectory === true) return {};
  if (typeof trajectory !== 'object' || trajectory === null)
    throw expected('a boolean or an object', 'trajectory', trajectory);
  refuseUnknownKeys(trajectory, ['denoised'], 'trajectory');
  const { denoised } = trajectory as TrajectoryOptions;
  if (denoised !== undefined && typeof denoised !== 'boolean')
    throw expected('a boolean', 'trajectory.denoised', denoised);
  return { ...trajectory };
}

function checkData(data: unknown, shape: readonly number[]): Float32Array {
  const size = shape.reduce((n, d) => n * d, 1);
  return checkGiven(data, 'Float32Array', [size, 'for its shape'], 'x.data');
}

function checkHostArray(array: HostArray): HostArray {
  const shape = checkShape(array.shape, 'x.shape');
  return { data: checkData(array.data, shape), shape };
}

function checkStart(x: unknown): { shape: readonly number[]; start: Tensor | HostArray | undefined } {
  if (x instanceof Tensor) return { shape: (void x.handle.get(), x.shape), start: x };
  if (Array.isArray(x)) return { shape: checkShape(x, 'shape'), start: undefined };
  if (typeof x === 'object' && x !== null && 'data' in x && 'shape' in x) {
    const start = checkHostArray(x as HostArray);
    return { shape: start.shape, start };
  }
  throw expected('a shape [n, ...], a Tensor, or { data, shape }', 'x', x);
}

/** By what it does: realms and polyfills have classes of their own. */
function isSignal(signal: unknown): boolean {
  try {
    const { aborted, addEventListener } = (signal ?? {}) as { aborted?: unknown; addEventListener?: unknown };
    return typeof aborted === 'boolean' && typeof addEventListener === 'function';
  } catch {
    return false; // AbortSignal's own getters throw for what only looks like one
  }
}

/** Networks behind a net, as far as it shows them. */
function nativeNetOf(net: Net | undefined): NativeNet | undefined {
  const network = (net as { network?: Network | null } | undefined)?.network;
  return typeof network === 'object' && network !== null ? network : undefined;
}

function chooseDevice(options: SampleOptions, net: Net, gNet: Net | undefined, start: unknown): Device | undefined {
  const given = options.device === undefined ? undefined : checkDevice(options.device, 'device');
  const wanted = [
    given,
    nativeNetOf(net)?.device,
    nativeNetOf(gNet)?.device,
    start instanceof Tensor ? start.device : undefined,
  ];
  const distinct = [...new Set(wanted.filter((d) => d !== undefined))];
  if (distinct.length > 1) {
    throw new InvalidArgumentError(
      `Expected \`device\`, networks and tensors on one device but received ${distinct.length}: ${distinct.map((d) => d.name).join(' and ')}.`,
      { hint: 'Open the device once and pass it to all of them.' },
    );
  }
  return distinct[0];
}

/**
 * Keeps what a request was given usable until the returned function is called: a caller may dispose of tensors and
 * networks as soon as the call has returned.
 */
export function holdInputs({ net, gNet, start }: Request, carried: readonly Tensor[] = []): () => void {
  const releases: (() => void)[] = [];
  const releaseAll = (): void => releases.forEach((release) => release());
  try {
    for (const network of [nativeNetOf(net), nativeNetOf(gNet)])
      if (network !== undefined) releases.push(network.hold());
    for (const tensor of [start, ...carried]) {
      if (tensor instanceof Tensor) releases.push(tensor.handle.hold().release);
    }
  } catch (error) {
    releaseAll();
    throw error;
  }
  return releaseAll;
}

/** What a run starts from, out of the caller's reach. */
export interface TakenStart {
  readonly data: NativeStart['data'];
  /** To be called once the engine has it, or needs it no more. Idempotent. */
  release(): void;
}

/**
 * A tensor as it is, which whoever calls this holds; a copy of an array, as the caller may use it for something else at
 * once; or the array's own memory where that is handed over. To be called last: a call that is refused loses nothing.
 * @throws InvalidArgumentError, OutOfMemoryError
 */
export function takeStart({ start, transfer }: Request, device: Device): TakenStart | undefined {
  const release = (): void => undefined;
  if (start === undefined) return undefined;
  if (start instanceof Tensor) return { data: start.handle.get(), release };
  // Code of the caller's has run since it was checked: getters of options, a grid of a subclass.
  const data = checkData(start.data, start.shape);
  if (transfer) return { data: takeMemory(data, 'x.data', 'transfer'), release };
  const copy = Tensor.from(data, start.shape, device);
  return { data: copy.handle.get(), release: () => copy.dispose() };
}

/** Validates what a caller gives, except for kwargs, which each network checks for itself. Nothing runs yet. */
export function checkRequest(net: Net, x: unknown, options: SampleOptions = {}): Request {
  if (typeof options !== 'object' || options === null) throw expected('an object', 'options', options);
  refuseUnknownKeys(options, KEYS, 'options');
  checkNet(net, 'net');
  const gNetGiven = options.gNet === undefined ? undefined : checkNet(options.gNet, 'gNet');
  const { shape, start } = checkStart(x);
  const [rows, ...rowShape] = shape as [number, ...number[]];
  if (rows > MAX_ROWS) throw expected(`at most ${MAX_ROWS} rows`, 'shape', shape);

  const { guidanceScale = 1, guidanceInterval, transfer = false, offset = 0, signal, graph = true } = options;
  const { guidance, rowClass } = rowClasses(guidanceScale, guidanceInterval, rows);
  const hasGuide = gNetGiven !== undefined || options.gNetKwargs !== undefined;
  if (!hasGuide && guidance.some(({ w }) => w !== 1)) {
    throw expected(
      '1, as there is no guide,',
      'guidanceScale',
      guidanceScale,
      'Give `gNetKwargs` (conditioning of the guide), or `gNet`.',
    );
  }
  if (!hasGuide && guidanceInterval !== undefined) {
    throw expected('to be absent, as there is no guide,', 'guidanceInterval', guidanceInterval);
  }
  const gNet = hasGuide ? (gNetGiven ?? net) : undefined;
  if (gNet !== undefined && gNet.record.name !== net.record.name) {
    throw expected(`a net on the same interface as \`net\` (${net.record.name})`, 'gNet', gNet.record.name);
  }

  const init = options.init ?? (start === undefined ? 'noise' : 'state');
  if (!['noise', 'state', 'clean'].includes(init)) throw expected("'noise', 'state' or 'clean'", 'init', init);
  if (start === undefined && init !== 'noise') throw expected(`values to start from with init '${init}'`, 'x', x);
  if (typeof transfer !== 'boolean') throw expected('a boolean', 'transfer', transfer);
  if (transfer && (start === undefined || start instanceof Tensor)) {
    throw expected(`false, as \`x\` is ${start === undefined ? 'a shape' : 'a Tensor'},`, 'transfer', transfer);
  }
  if (!Number.isSafeInteger(offset) || offset < 0) throw expected('a non-negative safe integer', 'offset', offset);
  if (options.seeds !== undefined && options.offset !== undefined) {
    throw expected('to be absent beside `seeds`', 'offset', options.offset);
  }
  if (!Number.isSafeInteger(offset + Math.max(rows, 1) - 1))
    throw expected('a safe integer for the last row too', 'offset', offset);
  if (signal !== undefined && !isSignal(signal)) throw expected('an AbortSignal', 'signal', signal);
  if (typeof graph !== 'boolean') throw expected('a boolean', 'graph', graph);

  return {
    net,
    netKwargs: checkKwargs(options.netKwargs, 'netKwargs'),
    gNet,
    gNetKwargs: checkKwargs(options.gNetKwargs, 'gNetKwargs'),
    rows,
    rowShape,
    guidance,
    rowClass,
    init,
    start,
    transfer,
    offset,
    seeds: checkSeeds(options.seeds, rows),
    trajectory: checkTrajectory(options.trajectory),
    device: chooseDevice(options, net, gNet, start),
    signal,
    graph,
  };
}
