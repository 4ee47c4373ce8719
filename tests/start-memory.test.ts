/** Memory of what a run starts from: copied once or never, and given back early. */
import { EulerSampler, HeunSampler, Rng, SiTInterface, Tensor, type Device, type SampleRun } from '../src';
import { onCuda, openDevice } from './support/device';
import { Still } from './support/own-samplers';
import { identity } from './support/small-networks';

const rng = new Rng(5);
const identityNet = new SiTInterface(identity);

let device: Device;
beforeEach(async () => {
  device = await openDevice({ threads: 2 });
});
afterEach(() => device.dispose());

const onHost = onCuda ? describe.skip : describe;

onHost('on the CPU, memory', () => {
  const WIDTH = 65_536;
  const BYTES = 4 * WIDTH;
  const heun = new HeunSampler({ numSamplingSteps: 3 });
  const large = () => ({ data: new Float32Array(WIDTH).fill(1), shape: [1, WIDTH] });

  it('of the device is the plan and nothing beside it, where an array is handed over', async () => {
    const { workspaceBytes } = await heun.plan(identityNet, large(), { device });
    (await heun.sample(rng, identityNet, large(), { device, transfer: true })).dispose();
    const { peakBytes } = device.memory();
    expect(peakBytes).toBeGreaterThanOrEqual(workspaceBytes);
    expect(peakBytes).toBeLessThan(workspaceBytes + BYTES / 8); // the table of the run
  });

  it('of the device is the plan and the tensor that is given', async () => {
    const { data, shape } = large();
    using tensor = Tensor.from(data, shape, device);
    const { workspaceBytes } = await heun.plan(identityNet, tensor, { device });
    (await heun.sample(rng, identityNet, tensor, { device })).dispose();
    expect(device.memory().peakBytes).toBeLessThan(workspaceBytes + BYTES + BYTES / 8);
  });

  /** What the device holds beside the plan, and JavaScript beside `before`, at each call of the network, in arrays. */
  async function heldBeside(begin: (looking: SiTInterface) => SampleRun): Promise<number[][]> {
    const held: number[][] = [];
    const before = process.memoryUsage().arrayBuffers;
    const looking = new SiTInterface(({ x, out }) => {
      const lent = 2 * BYTES; // x and out
      const { arrayBuffers } = process.memoryUsage();
      held.push([device.memory().liveBytes - workspaceBytes, arrayBuffers - before - lent]);
      out.set(x);
    });
    const { workspaceBytes } = await euler.plan(looking, [1, WIDTH], { device });
    (await begin(looking)).dispose();
    return held.map((bytes) => bytes.map((count) => Math.floor(count / BYTES + 0.25)));
  }
  const euler = new EulerSampler({ numSamplingSteps: 3 });

  it('of a tensor that is disposed of is free after the first step', async () => {
    const held = await heldBeside((looking) => {
      const tensor = Tensor.from(large().data, [1, WIDTH], device);
      const run = euler.sample(rng, looking, tensor, { device });
      tensor.dispose();
      return run;
    });
    expect(held.map(([ofDevice]) => ofDevice)).toEqual([1, 0, 0]);
  });

  it('of the copy of an array is free after the first step', async () => {
    const held = await heldBeside((looking) => euler.sample(rng, looking, large(), { device }));
    expect(held.map(([ofDevice]) => ofDevice)).toEqual([1, 0, 0]);
  });

  it('of an array that is handed over is free after the first step', async () => {
    const data = new Float32Array(WIDTH);
    const held = await heldBeside((looking) =>
      euler.sample(rng, looking, { data, shape: [1, WIDTH] }, { device, transfer: true }),
    );
    // It was there before.
    expect(held).toEqual([
      [0, 0],
      [0, -1],
      [0, -1],
    ]);
  });

  it('of an array is copied once where it is not handed over, and else never', async () => {
    const COUNT = 2 ** 24;
    const still = new Still({ numSamplingSteps: 1 });
    for (const [transfer, copies] of [
      [false, 1],
      [true, 0],
    ] as const) {
      const data = new Float32Array(COUNT);
      const all = (): number => process.memoryUsage().arrayBuffers + device.memory().liveBytes;
      const before = all();
      const run = still.sample(rng, identityNet, { data, shape: [1, COUNT] }, { device, transfer });
      const after = all();
      (await run).dispose();
      expect(Math.round((after - before) / (4 * COUNT))).toBe(copies);
    }
  });
});
