/** `Digits`: one device and one network, opened once and shared by all requests. */
import { CudaError, Device, OnnxNet, Rng, SiTInterface, type Net, type SampleRun } from '../../src';
import { SAMPLERS, type Order } from './order';
import type { Settings } from './settings';

const NULL_LABEL = 10;

export class Digits {
  /** Set once CUDA has failed: no later run of this process can be trusted to succeed. */
  broken = false;

  constructor(
    readonly device: Device,
    private readonly net: Net,
    private readonly network?: OnnxNet,
  ) {}

  static async open({ model, device: spec, threads, limits }: Omit<Settings, 'host' | 'port'>): Promise<Digits> {
    const given = threads === undefined ? {} : { threads };
    const device = await Device.open(spec, { ...given, maxRuns: limits.maxRuns });
    try {
      const network = await OnnxNet.load(model, { device, ...given });
      return new Digits(device, new SiTInterface(network), network);
    } catch (error) {
      device.dispose();
      throw error;
    }
  }

  /**
   * Starts a run. A request is a batch of its own, so its samples depend on nothing but its order.
   * @throws InvalidArgumentError and BusyError at once; what goes wrong later rejects the run.
   */
  sample({ labels, seed, steps, guidance, sampler }: Order, signal: AbortSignal): SampleRun {
    const chosen = new SAMPLERS[sampler]({ numSamplingSteps: steps });
    const run = chosen.sample(new Rng(seed), this.net, [labels.length, 1, 28, 28], {
      gNet: this.net,
      guidanceScale: guidance,
      netKwargs: { y: labels },
      gNetKwargs: { y: NULL_LABEL },
      device: this.device,
      signal,
    });
    run.then(undefined, (error: unknown) => (this.broken ||= error instanceof CudaError));
    return run;
  }

  /** Ends the runs under way and frees everything. Idempotent. */
  dispose(): void {
    this.network?.dispose();
    this.device.dispose();
  }
}
