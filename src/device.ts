/** `Device`: where runs compute. CPU everywhere, CUDA where there is a driver and a GPU. */
import { BusyError, DeviceUnavailableError, DisposedError, expected, refuseUnknownKeys } from './errors';
import { reportIfLeaked, wasDisposed } from './handle';
import { native, type CudaState, type NativeDevice } from './native';
import { fromNativeError } from './native-error';

export interface DeviceOptions {
  /** CPU threads (default: all cores). One per GPU on CUDA. */
  threads?: number;
  /** CPU lanes (default 'auto': the widest this machine has). All give the same bits. */
  lanes?: 'auto' | 'scalar' | 'neon' | 'avx2' | 'avx512';
  /** Runs that may be under way at once; one more is a BusyError (default: no limit). */
  maxRuns?: number;
}

/** What `Device.stats()` reports: since the device was opened, but for `liveBytes`. */
export interface DeviceStats {
  /** Bytes held now: see `Device.memory`. */
  liveBytes: number;
  /** Most bytes held at any time so far. */
  peakBytes: number;
  /**
   * Calls of `sample` and `step`: those whose plan was made, so that the engine has `started` them; of these, those that
   * have `finished` with a result; and those that have `failed` or were aborted.
   */
  runs: { started: number; finished: number; failed: number };
  /** Steps that are over, of all runs: each is a step of all rows of its run. */
  steps: number;
  /** Network calls that are over, of all runs: each is on all rows of its run, as `Plan.evaluations` counts them. */
  evaluations: number;
  /** Where the time of the runs went, in seconds. Time that runs spent side by side counts for each of them. */
  seconds: {
    /**
     * In native networks. On CUDA, networks that are made of kernels are only queued here, which is what is counted: the
     * time of the GPU is not. A step that is replayed from a graph, its passes included, counts as network. Networks in
     * JavaScript count as waiting.
     */
    network: number;
    /** In combine passes. On CUDA it is the time it takes to queue them, not the time that the GPU takes. */
    combine: number;
    /**
     * Between stages: for a network in JavaScript, which so counts here and not above, for the run's turn on the device's
     * threads, or for a GPU.
     */
    waiting: number;
  };
}

/** What `devices()` reports. */
export interface DeviceReport {
  cpu: { cores: number; lanes: string[] };
  cuda: CudaState & { usable: boolean };
}

/** What was built in, what was found, and why not. Asks the driver. */
export function devices(): DeviceReport {
  const addon = native();
  const state = addon.cuda();
  return { cpu: addon.cpu, cuda: { ...state, usable: state.code === 0 } };
}

/**
 * A device with its own executor threads and its own count of bytes.
 *
 * @example
 * const device = await Device.open('auto', { threads: 2 });
 * device.kind;     // 'cuda' where there is one, else 'cpu'
 */
export class Device {
  readonly kind: 'cpu' | 'cuda';
  /** Model name of a GPU, or what the CPU computes with. */
  readonly name: string;
  /** Executor threads. */
  readonly threads: number;
  /** The vector code in use: 'scalar', 'neon', 'avx2' or 'avx512' on the CPU, 'cuda' on CUDA. */
  readonly lanes: string;
  /** Why 'auto' gave the CPU; undefined otherwise. */
  readonly fallback: string | undefined;
  private handle: NativeDevice | undefined;
  private readonly maxRuns: number;
  private underWay = 0;

  private constructor(handle: NativeDevice, fallback: string | undefined, maxRuns: number) {
    this.handle = handle;
    this.kind = handle.kind;
    this.name = handle.name;
    this.threads = handle.threads;
    this.lanes = handle.lanes;
    this.fallback = fallback;
    this.maxRuns = maxRuns;
    reportIfLeaked(this, `The device ${this.name}`);
  }

  /**
   * @param spec 'auto' (CUDA if usable, else CPU), 'cpu', 'cuda' (the first GPU) or 'cuda:1'.
   * @throws DeviceUnavailableError with reason and remedy where an explicit CUDA device is not there.
   */
  static async open(spec = 'auto', options: DeviceOptions = {}): Promise<Device> {
    return Promise.resolve(Device.openNow(spec, options));
  }

  /** The device of callers that name none: 'auto', opened once. */
  static default(): Device {
    if (shared === undefined || shared.handle === undefined) shared = Device.openNow('auto', {});
    return shared;
  }

  private static openNow(spec: string, options: DeviceOptions): Device {
    refuseUnknownKeys(options, ['threads', 'lanes', 'maxRuns'], 'Device.open options');
    const { threads, lanes = 'auto', maxRuns = Number.POSITIVE_INFINITY } = options;
    if (options.maxRuns !== undefined && !(Number.isSafeInteger(maxRuns) && maxRuns >= 1)) {
      throw expected('a positive integer', 'maxRuns', maxRuns);
    }
    if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
      throw expected('an integer from 1 to 1024', 'threads', threads);
    }
    const addon = native();
    if (lanes !== 'auto' && !addon.cpu.lanes.includes(lanes)) {
      throw expected(`'auto' or one of this machine's ${addon.cpu.lanes.join(', ')}`, 'lanes', lanes);
    }
    const chosen = lanes === 'auto' ? (addon.cpu.lanes.at(-1) as string) : lanes; // listed from narrow to wide
    const match = typeof spec === 'string' ? /^(?:auto|cpu|cuda(?::(\d{1,4}))?)$/.exec(spec) : null;
    if (match === null) throw expected("'auto', 'cpu', 'cuda' or 'cuda:<n>'", 'device', spec);
    const cpu = (fallback?: string): Device => {
      try {
        return new Device(addon.openDevice('cpu', 0, threads ?? addon.cpu.cores, chosen), fallback, maxRuns);
      } catch (error) {
        throw fromNativeError(error);
      }
    };
    if (spec === 'cpu') return cpu();

    const { cuda } = devices();
    const ordinal = Number(match[1] ?? 0);
    if (!cuda.usable) {
      if (spec === 'auto') return cpu(cuda.reason);
      throw new DeviceUnavailableError(`The device '${spec}' is not there: ${cuda.reason}.`, cuda.remedy);
    }
    if (!cuda.devices.some((d) => d.ordinal === ordinal)) {
      const there = cuda.devices.map((d) => `cuda:${d.ordinal}`).join(', ');
      throw new DeviceUnavailableError(`The device '${spec}' is not there; found ${there}.`, 'Choose one of these.');
    }
    for (const key of ['threads', 'lanes'] as const) {
      if (spec !== 'auto' && options[key] !== undefined) throw expected('to be absent on CUDA', key, options[key]);
    }
    try {
      return new Device(addon.openDevice('cuda', ordinal, 1, 'cuda'), undefined, maxRuns);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (spec === 'auto') return cpu(reason);
      throw new DeviceUnavailableError(`The device '${spec}' cannot be used: ${reason}`);
    }
  }

  /**
   * Bytes that tensors, runs and their tables hold on this device: now, and at most so far. Arrays of JavaScript's are not
   * counted, and neither are ONNX models, whose memory is ONNX Runtime's own.
   *
   * Memory that was freed is kept for later runs, and not counted. On the CPU what is kept and what is held never come to
   * more than the peak, and Linux may take what is kept where memory is short, save for some 2 MB of each buffer. On CUDA
   * the workspaces of up to four runs whose steps were recorded are kept as well (see `SampleOptions.graph`), and all of
   * it is given up when memory runs out. Everything goes with the device.
   */
  memory(): { liveBytes: number; peakBytes: number } {
    return this.native.memory();
  }

  /**
   * What the device holds and what its runs have done, for a dashboard: reading it costs a microsecond and disturbs
   * nothing. A stage or a wait is counted once it is over.
   * @throws DisposedError
   */
  stats(): DeviceStats {
    const work = this.native.work();
    return {
      ...this.memory(),
      runs: { started: work.runsStarted, finished: work.runsFinished, failed: work.runsFailed },
      steps: work.steps,
      evaluations: work.evaluations,
      seconds: { network: work.networkSeconds, combine: work.combineSeconds, waiting: work.waitingSeconds },
    };
  }

  /** Runs under way, those that are still being planned included. */
  get runs(): number {
    return this.underWay;
  }

  /**
   * Counts a run from its call to its end; the returned function says that it ended.
   * @throws BusyError, DisposedError
   * @internal
   */
  enter(): () => void {
    void this.native;
    if (this.underWay >= this.maxRuns) throw new BusyError(this.name, this.maxRuns);
    this.underWay++;
    let inside = true;
    return () => {
      if (inside) this.underWay--;
      inside = false;
    };
  }

  /** Ends its runs, joins its threads. Idempotent. */
  dispose(): void {
    this.handle?.close();
    wasDisposed(this);
    this.handle = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  get native(): NativeDevice {
    if (this.handle === undefined) throw new DisposedError(`The device ${this.name}`);
    return this.handle;
  }
}

let shared: Device | undefined;

/** @throws InvalidArgumentError naming the option. */
export function checkDevice(device: unknown, option: string): Device {
  if (!(device instanceof Device)) throw expected('a Device', option, device);
  return device;
}

/** Enters a run, or gives back what was held for it. @throws BusyError, DisposedError */
export function enterOr(device: Device, giveBack: () => void): () => void {
  try {
    return device.enter();
  } catch (error) {
    giveBack();
    throw error;
  }
}
