/** What every sampler must do, on the exact mixture. A new sampler gets all of it by one line. */
import {
  Device,
  GaussianMixtureNet,
  ModelInterface,
  Rng,
  SiTInterface,
  Tensor,
  type Net,
  type SampleOptions,
  type Samplers,
  type SamplersConfig,
  type StepState,
} from '../../src';
import { onCuda, openDevice } from './device';
import { interpret } from './interpret';
import { exactMoments, measureOrder, measureStrongOrder, regularGrid } from './measure';
import { conditional, exactVelocity, guide, maxDifference, rms, unitStart, unitStart64 } from './mixture';
import { mixtureFunction } from './networks';

export interface Contract {
  make: (config: SamplersConfig) => Samplers;
  /** Network evaluations of N steps without guidance. */
  evaluations: (steps: number) => number;
  /** Where false, the sampler draws noise in its steps: it converges in distribution, which its own file measures. */
  deterministic: boolean;
  /** True where it discretises an SDE with the marginals of the path, with one draw of additive noise per step. */
  sde?: boolean;
  /** The nets it runs on (default: SiT with the exact mixtures, natively). */
  nets?: (device: Device) => { net: Net; gNet: Net };
}

const ROWS = 8;
const SHAPE = [ROWS, 4];

/** A device with nets on it. */
interface Place {
  device: Device;
  net: Net;
  gNet: Net;
}

/** A run that is wanted on every place. */
interface Asked extends SampleOptions {
  guided?: boolean;
  /** A net that belongs to no device. */
  useNet?: Net | undefined;
  useRng?: Rng;
}

const guidanceOf = ({ device, gNet }: Place): { device: Device; gNet: Net } => ({ device, gNet });
const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

function exactNets(device: Device): { net: Net; gNet: Net } {
  const make = (mixture: typeof conditional): Net => new SiTInterface(GaussianMixtureNet.create(mixture, { device }));
  return { net: make(conditional), gNet: make(guide) };
}

export function contractSuite(
  name: string,
  { make, evaluations, deterministic, sde = false, nets = exactNets }: Contract,
): void {
  describe(name, () => {
    let device: Device;
    let net: Net;
    let gNet: Net;
    let places: Place[];
    const rng = new Rng(7);

    beforeAll(async () => {
      device = await openDevice({ threads: 2 });
      ({ net, gNet } = nets(device));
      places = [{ device, net, gNet }];
      if (!onCuda) return;
      const cpu = await Device.open('cpu', { threads: 1 });
      places.push({ device: cpu, ...nets(cpu) });
    });
    afterAll(() => places.forEach((place) => place.device.dispose()));

    /** What `body` gives on the device under test: the bits that it gives on the CPU. */
    const everywhere = async (body: (place: Place) => Promise<Float32Array>): Promise<Float32Array> => {
      const results: Float32Array[] = [];
      for (const place of places) results.push(await body(place));
      for (const other of results.slice(1)) expect(bitsOf(other)).toEqual(bitsOf(results[0] as Float32Array));
      return results[0] as Float32Array;
    };

    const native = (
      sampler: Samplers,
      x: Parameters<Samplers['sample']>[2],
      { guided = false, useNet, useRng = rng, ...options }: Asked = {},
    ): Promise<Float32Array> =>
      everywhere(async (place) => {
        const guidance = guided ? { gNet: place.gNet } : {};
        const on = { device: place.device, ...guidance, ...options };
        using samples = await sampler.sample(useRng, useNet ?? place.net, x, on);
        expect(samples.shape).toEqual('shape' in x ? x.shape : x);
        return samples.data();
      });

    /** Defined only for samplers that it is about. */
    const itIf =
      (holds: boolean) =>
      (sentence: string, body: () => Promise<void>): void => {
        if (holds) it(sentence, body);
      };

    const declared = make({}).order;
    const start = { data: unitStart, shape: SHAPE };

    for (const kind of ['sit', 'edm'] as const) {
      itIf(declared !== undefined)(`converges on ${kind} with the order it declares, in float64`, async () => {
        const { order } = await measureOrder(make, kind);
        expect(Math.abs(order - (declared as number))).toBeLessThan(0.2);
      });

      itIf(sde)(`has strong order 1.0 on ${kind}, on a shared path with noise in every step`, async () => {
        const { order } = await measureStrongOrder(make, kind);
        expect(Math.abs(order - 1)).toBeLessThan(0.2);
      });
    }

    itIf(sde)('draws the mean and variance of Gaussian data, with the bias of its weak order alone', async () => {
      const error = async (numSamplingSteps: number): Promise<number> => {
        const { mean, variance } = await exactMoments(make({ numSamplingSteps }), 'sit');
        return Math.abs(mean - 0.7) + Math.abs(variance - 0.25);
      };
      const [coarse, fine] = [await error(100), await error(200)];
      expect(fine).toBeLessThan(0.02);
      expect(fine).toBeLessThan(0.65 * coarse);
    });

    itIf(deterministic)('is exact for a constant velocity, in one step or many, in either direction', async () => {
      for (const timeGrid of [
        [1, 0],
        [1, 0.9, 0.3, 0.05],
        [0.1, 0.4, 1],
      ]) {
        const plan = await make({ timeGrid }).plan(net, start);
        const end = interpret(plan, { networks: [(x) => x.map(() => -1.75)], state: unitStart64 });
        const span = (timeGrid.at(-1) as number) - (timeGrid[0] as number);
        expect(
          maxDifference(
            end,
            unitStart64.map((x) => x - 1.75 * span),
          ),
        ).toBeLessThan(1e-13);
      }
    });

    itIf(declared !== undefined)('returns from data to noise and back within the error of its order', async () => {
      const velocity = exactVelocity(conditional);
      const round = async (steps: number): Promise<number> => {
        const grid = regularGrid('sit', steps);
        const down = await make({ timeGrid: grid }).plan(net, start);
        const up = await make({ timeGrid: [...grid].reverse() }).plan(net, start);
        const there = interpret(down, { networks: [velocity], state: unitStart64 });
        return rms(interpret(up, { networks: [velocity], state: there }), unitStart64);
      };
      const [coarse, fine] = [await round(80), await round(160)];
      expect(fine).toBeLessThan(0.05);
      expect(Math.log2(coarse / fine)).toBeGreaterThan((declared as number) - 0.3);
    });

    itIf(deterministic)('follows the float64 solution down to the rounding of float32', async () => {
      for (const steps of [4, 32, 128]) {
        const sampler = make({ numSamplingSteps: steps });
        const start = { data: unitStart, shape: SHAPE };
        const plan = await sampler.plan(net, start);
        const oracle = interpret(plan, { networks: [exactVelocity(conditional)], state: unitStart });
        // Each step rounds the state (|x| < 4) and its velocity once or a few times: 8 units of 2^-24 per step and value.
        const tolerance = (8 * 4 * Math.sqrt(steps) + 64) * 2 ** -24;
        expect(maxDifference(await native(sampler, start), oracle)).toBeLessThan(tolerance);
      }
    });

    itIf(deterministic)('follows the float64 solution with guidance and a scale per row', async () => {
      const sampler = make({ numSamplingSteps: 16 });
      const guidanceScale = [0, 1, 2, 3, 0.5, 1, 2, -1];
      const start = { data: unitStart, shape: SHAPE };
      const plan = await sampler.plan(net, start, { gNet, guidanceScale });
      const oracle = interpret(plan, {
        networks: [exactVelocity(conditional), exactVelocity(guide)],
        state: unitStart,
      });
      const result = await native(sampler, start, { guided: true, guidanceScale });
      expect(maxDifference(result, oracle)).toBeLessThan(2e-4);
      expect(maxDifference(result, await native(sampler, start))).toBeGreaterThan(0.05);
    });

    it('costs the evaluations that it should, twice as many with guidance', async () => {
      for (const steps of [1, 2, 9]) {
        const sampler = make({ numSamplingSteps: steps });
        expect((await sampler.plan(net, SHAPE)).evaluations).toBe(evaluations(steps));
        expect((await sampler.plan(net, SHAPE, { gNet, guidanceScale: 2 })).evaluations).toBe(2 * evaluations(steps));
        expect((await sampler.plan(net, SHAPE, { gNet, guidanceScale: 1 })).evaluations).toBe(evaluations(steps));
      }
    });

    it('gives the same bits for the same Rng, others for another', async () => {
      const sampler = make({ numSamplingSteps: 6 });
      const [a, b] = [await native(sampler, SHAPE), await native(sampler, SHAPE)];
      expect(a).toEqual(b);
      expect(await native(sampler, SHAPE, { useRng: new Rng(8) })).not.toEqual(a);
    });

    it('gives the bits of one sample in any batch, with exact and JavaScript networks, guided and not', async () => {
      const sampler = make({ numSamplingSteps: 5 });
      const jsNet = new ModelInterface(net.record, mixtureFunction(conditional));
      const cases = [
        { useNet: undefined, guided: false },
        { useNet: undefined, guided: true },
        { useNet: jsNet, guided: false },
      ];
      for (const { useNet, guided } of cases) {
        const scales = Array.from({ length: 64 }, (_, i) => [0, 1, 2.5][i % 3] as number);
        const shard = async (offset: number, count: number): Promise<number[]> => {
          const guidance = guided ? { guided, guidanceScale: scales.slice(offset, offset + count) } : {};
          return [...(await native(sampler, [count, 4], { useNet, offset, ...guidance }))];
        };
        const whole = await shard(0, 64);
        expect([...(await shard(0, 32)), ...(await shard(32, 32))]).toEqual(whole);
        const ones: number[] = [];
        for (let i = 0; i < 64; i++) ones.push(...(await shard(i, 1)));
        expect(ones).toEqual(whole);
      }
    });

    it('gives by single steps the bits of the whole', async () => {
      const sampler = make({ numSamplingSteps: 7 });
      const start = { data: unitStart, shape: SHAPE };
      const whole = await native(sampler, start, { guided: true, guidanceScale: 1.5 });
      const stepwise = await everywhere(async (place) => {
        let state: StepState = { x: Tensor.from(unitStart, SHAPE, place.device), carry: {} };
        for (let index = 0; index < 7; index++) {
          const before = state;
          state = await sampler.step(rng, place.net, before, { index, guidanceScale: 1.5, ...guidanceOf(place) });
          [before.x, ...Object.values(before.carry)].forEach((tensor) => tensor.dispose());
        }
        const end = await state.x.data();
        [state.x, ...Object.values(state.carry)].forEach((tensor) => tensor.dispose());
        return end;
      });
      expect(stepwise).toEqual(whole);
    });

    it('keeps on request every state, and the denoised value of every step, without changing a bit', async () => {
      const sampler = make({ numSamplingSteps: 5 });
      const end = await native(sampler, SHAPE, { guided: true, guidanceScale: 1.5 });
      const kept = await everywhere(async (place) => {
        const trajectory = { denoised: true };
        const options = { guidanceScale: 1.5, trajectory, ...guidanceOf(place) };
        const run = sampler.sample(rng, place.net, SHAPE, options);
        const { states, denoised } = await run.trajectory();
        const arrays = [];
        for (const tensor of [...states, ...denoised]) arrays.push(...(await tensor.data()));
        new Set([...states, ...denoised, await run]).forEach((tensor) => tensor.dispose());
        return Float32Array.from(arrays);
      });
      expect(kept).toHaveLength((6 + 5) * 32);
      expect(kept.slice(5 * 32, 6 * 32)).toEqual(end);
    });

    it('accepts a batch of no rows and rows of odd sizes', async () => {
      const sampler = make({ numSamplingSteps: 3 });
      const identity = new ModelInterface(net.record, ({ x, out }) => out.set(x));
      for (const shape of [
        [0, 4],
        [3, 0],
        [1, 1],
        [2, 3],
        [3, 5, 7],
        [2, 33],
      ]) {
        const samples = await native(sampler, shape, { useNet: identity });
        expect(samples).toHaveLength(shape.reduce((n, d) => n * d, 1));
      }
    });

    it('gives back every byte', async () => {
      const sampler = make({ numSamplingSteps: 4 });
      await native(sampler, SHAPE);
      const before = device.memory().liveBytes;
      for (let i = 0; i < 20; i++) await native(sampler, [64, 4], { guided: true, guidanceScale: 2 });
      expect(device.memory().liveBytes).toBe(before);
    });
  });
}
