/** Options of `sample`, `step` and `plan`: defaults, validation, meaning, all in one place. */
import { Device } from './device';
import { expected, InvalidArgumentError, isFloat32Array, refuseUnknownKeys } from './errors';
import type { Net } from './interfaces/model-interface';
import type { NetKwargs, Network } from './nets/network';
import { checkShape, Tensor } from './tensor';

/** Values in host memory with their shape, [n, ...] flat. */
export interface HostArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** How the start is made from what was given: see `SampleOptions.init`. */
export type Init = 'noise' | 'state' | 'clean';

export interface SampleOptions {
  /** The guide network u of y = u + w (c - u) (default: `net`, where gNetKwargs are given). */
  gNet?: Net;
  /** w, one number or one per row (default 1: no guidance). */
  guidanceScale?: number | ArrayLike<number>;
  /** Conditioning of `net`. */
  netKwargs?: NetKwargs;
  /** Conditioning of the guide. */
  gNetKwargs?: NetKwargs;
  /**
   * 'noise': unit normals, drawn for a shape or given as an array, scaled by s(t0) of the path (default for a shape);
   * 'state': the array as it is (default for an array); 'clean': the array noised, a(t0) x0 + s(t0) n.
   */
  init?: Init;
  /** Number of the first row, for shards: rows `offset` to `offset + n - 1` of the same Rng (default 0). */
  offset?: number;
  /** Where to run (default: where the networks are, else the default device). */
  device?: Device;
  /** Ends the run within two steps. */
  signal?: AbortSignal;
}

const KEYS = ['gNet', 'guidanceScale', 'netKwargs', 'gNetKwargs', 'init', 'offset', 'device', 'signal'] as const;
const NO_KWARGS: NetKwargs = Object.freeze({});

/** Options after validation: nothing optional left but what may be absent. */
export interface Request {
  readonly net: Net;
  readonly netKwargs: NetKwargs;
  readonly gNet: Net | undefined;
  readonly gNetKwargs: NetKwargs;
  readonly rows: number;
  readonly rowShape: readonly number[];
  /** Guidance scale of each row class, and the class of each row. */
  readonly scales: Float64Array;
  readonly rowClass: Uint32Array;
  readonly init: Init;
  readonly start: Tensor | HostArray | undefined;
  readonly offset: number;
  readonly device: Device | undefined;
  readonly signal: AbortSignal | undefined;
}

const NET_METHODS = ['velocity', 'score', 'denoised', 'noise'] as const;

function checkNet(net: unknown, option: string): Net {
  const candidate = net as Partial<Net> | null | undefined;
  const valid =
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.record === 'object' &&
    NET_METHODS.every((m) => typeof candidate[m] === 'function');
  if (!valid) throw expected('a net such as new SiTInterface(network)', option, net);
  return candidate as Net;
}

function checkKwargs(kwargs: unknown, option: string): NetKwargs {
  if (kwargs === undefined) return NO_KWARGS;
  if (typeof kwargs !== 'object' || kwargs === null || ArrayBuffer.isView(kwargs) || Array.isArray(kwargs)) {
    throw expected('an object of named inputs', option, kwargs);
  }
  return kwargs as NetKwargs;
}

/** Rows with equal scales form one class, in the order of their first appearance. */
function classes(scale: number | ArrayLike<number>, rows: number): { scales: Float64Array; rowClass: Uint32Array } {
  const check = (w: unknown, option: string): number => {
    if (typeof w !== 'number' || !Number.isFinite(w)) throw expected('a finite number', option, w);
    return w;
  };
  if (typeof scale === 'number') {
    return { scales: Float64Array.of(check(scale, 'guidanceScale')), rowClass: new Uint32Array(rows) };
  }
  if (typeof scale !== 'object' || scale === null || scale.length !== rows) {
    throw expected(`a number or an array of ${rows} (one per row)`, 'guidanceScale', scale);
  }
  const known = new Map<number, number>();
  const rowClass = Uint32Array.from(scale, (w: number, i: number) => {
    const value = check(w, `guidanceScale[${i}]`);
    if (!known.has(value)) known.set(value, known.size);
    return known.get(value) as number;
  });
  return { scales: known.size === 0 ? Float64Array.of(1) : Float64Array.from(known.keys()), rowClass };
}

function checkHostArray(array: HostArray): HostArray {
  if (!isFloat32Array(array.data)) throw expected('a Float32Array', 'x.data', array.data);
  const shape = checkShape(array.shape, 'x.shape');
  const size = shape.reduce((n, d) => n * d, 1);
  if (array.data.length !== size) throw expected(`${size} values for its shape`, 'x.data.length', array.data.length);
  return { data: array.data, shape };
}

function checkStart(x: unknown): { shape: readonly number[]; start: Tensor | HostArray | undefined } {
  if (x instanceof Tensor) return { shape: (void x.native, x.shape), start: x };
  if (Array.isArray(x)) return { shape: checkShape(x, 'shape'), start: undefined };
  if (typeof x === 'object' && x !== null && 'data' in x && 'shape' in x) {
    const start = checkHostArray(x as HostArray);
    return { shape: start.shape, start };
  }
  throw expected('a shape [n, ...], a Tensor, or { data, shape }', 'x', x);
}

/** Networks behind a net, as far as it shows them. */
function deviceOf(net: Net | undefined): Device | undefined {
  const network = (net as { network?: Network } | undefined)?.network;
  return typeof network === 'object' ? network.device : undefined;
}

function chooseDevice(options: SampleOptions, net: Net, gNet: Net | undefined, start: unknown): Device | undefined {
  const given = options.device;
  if (given !== undefined && !(given instanceof Device)) throw expected('a Device', 'device', given);
  const wanted = [given, deviceOf(net), deviceOf(gNet), start instanceof Tensor ? start.device : undefined];
  const distinct = [...new Set(wanted.filter((d) => d !== undefined))];
  if (distinct.length > 1) {
    throw new InvalidArgumentError(
      `Expected \`device\`, networks and tensors on one device but received ${distinct.map((d) => d.name).join(' and ')}.`,
      { hint: 'Open the device once and pass it to all of them.' },
    );
  }
  return distinct[0];
}

/** Validates everything a caller gives; allocates nothing. */
export function checkRequest(net: Net, x: unknown, options: SampleOptions = {}): Request {
  if (typeof options !== 'object' || options === null) throw expected('an object', 'options', options);
  refuseUnknownKeys(options, KEYS, 'options');
  checkNet(net, 'net');
  const gNetGiven = options.gNet === undefined ? undefined : checkNet(options.gNet, 'gNet');
  const { shape, start } = checkStart(x);
  const [rows, ...rowShape] = shape as [number, ...number[]];

  const { guidanceScale = 1, offset = 0, signal } = options;
  const { scales, rowClass } = classes(guidanceScale, rows);
  const hasGuide = gNetGiven !== undefined || options.gNetKwargs !== undefined;
  if (!hasGuide && scales.some((w) => w !== 1)) {
    throw expected('1 where neither `gNet` nor `gNetKwargs` is given', 'guidanceScale', guidanceScale);
  }
  const gNet = hasGuide ? (gNetGiven ?? net) : undefined;
  if (gNet !== undefined && gNet.record.name !== net.record.name) {
    throw expected(`a net on the same interface as \`net\` (${net.record.name})`, 'gNet', gNet.record.name);
  }

  const init = options.init ?? (start === undefined ? 'noise' : 'state');
  if (!['noise', 'state', 'clean'].includes(init)) throw expected("'noise', 'state' or 'clean'", 'init', init);
  if (start === undefined && init !== 'noise') throw expected(`values to start from with init '${init}'`, 'x', x);
  if (!Number.isSafeInteger(offset) || offset < 0) throw expected('a non-negative safe integer', 'offset', offset);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw expected('an AbortSignal', 'signal', signal);

  return {
    net,
    netKwargs: checkKwargs(options.netKwargs, 'netKwargs'),
    gNet,
    gNetKwargs: checkKwargs(options.gNetKwargs, 'gNetKwargs'),
    rows,
    rowShape,
    scales,
    rowClass,
    init,
    start,
    offset,
    device: chooseDevice(options, net, gNet, start),
    signal,
  };
}
