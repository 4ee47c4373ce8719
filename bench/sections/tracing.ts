/** What tracing costs, per step and distinct row, and how long it holds the event loop. */
import {
  Device,
  EDMInterface,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  GaussianMixtureNet,
  HeunSampler,
  MeanFlowInterface,
  Rng,
  SiTInterface,
  type Net,
  type SampleOptions,
  type Samplers,
} from '../../src/index';
import { atMost, type Figure, type Section, type Target } from '../section';
import { interleave, spreadOf, type Spread } from '../spread';
import { threadMilliseconds } from '../thread-time';

const STEPS = 250;
const ROWS = 1024;
/** Rounds in which the code is still being compiled. */
const WARM_UP = 2;

const nothing = (): void => undefined;
const steps = { numSamplingSteps: STEPS };
const sde = { ...steps, samplingTimeKwargs: { tStart: 0.99 } };
const edm = { ...steps, samplingTimeDist: 'exp' as const };
const CASES: { name: string; sampler: Samplers; net: () => Net }[] = [
  { name: 'EulerSampler', sampler: new EulerSampler(steps), net: () => new SiTInterface(nothing) },
  { name: 'HeunSampler', sampler: new HeunSampler(steps), net: () => new SiTInterface(nothing) },
  { name: 'HeunSampler on EDM', sampler: new HeunSampler(edm), net: () => new EDMInterface(nothing) },
  { name: 'EulerMaruyamaSampler', sampler: new EulerMaruyamaSampler(sde), net: () => new SiTInterface(nothing) },
  { name: 'EulerJumpSampler', sampler: new EulerJumpSampler(steps), net: () => new MeanFlowInterface(nothing) },
];

async function milliseconds(work: () => PromiseLike<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The longest time in which nothing else could run, by a clock. */
async function longestHold(work: () => PromiseLike<unknown>, clock: () => number): Promise<number> {
  let [last, longest, over] = [clock(), 0, false];
  const tick = (): void => {
    const now = clock();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) setImmediate(tick);
  };
  setImmediate(tick);
  await new Promise((resolve) => setImmediate(resolve));
  try {
    await work();
  } finally {
    over = true;
    tick();
  }
  return longest;
}

const ownScales = { guidanceScale: Float64Array.from({ length: ROWS }, (_, row) => 1 + row / ROWS) };

export const tracing: Section = async (settings) => {
  const figures: Figure[] = [];
  const targets: Target[] = [];
  for (const { name, sampler, net } of CASES) {
    const [main, gNet] = [net(), net()];
    const plan = (rows: number, options: SampleOptions) =>
      milliseconds(() => sampler.plan(main, [rows, 4], { gNet, ...options }));
    const samples = await interleave(settings.rounds + WARM_UP, {
      one: () => plan(1, { guidanceScale: 2 }),
      alike: () => plan(ROWS, { guidanceScale: 2 }),
      own: () => plan(ROWS, ownScales),
    });
    const [one, alike, own] = [samples.one, samples.alike, samples.own].map((s) => spreadOf(s.slice(WARM_UP))) as [
      Spread,
      Spread,
      Spread,
    ];
    figures.push({
      name: `${name}, guided`,
      values: {
        'µs/step, 1 row': (one.median * 1e3) / STEPS,
        'µs/step, 1024 rows alike': (alike.median * 1e3) / STEPS,
        'µs/step, 1024 rows of their own': (own.median * 1e3) / STEPS,
        'ns/step and distinct row': (own.median * 1e6) / STEPS / ROWS,
      },
    });
    if (name === 'HeunSampler') {
      targets.push(atMost('1024 rows alike / 1 row, plan of guided Heun', alike.median / one.median, 1.25, 'times'));
    }
  }

  const device = await Device.open('cpu', { threads: 1 });
  const mixture = { weights: [1, 1], means: [Array<number>(4).fill(-1), Array<number>(4).fill(1)], deviations: [1, 1] };
  const exact = GaussianMixtureNet.create(mixture, { device });
  const [net, gNet] = [new SiTInterface(exact), new SiTInterface(exact)];
  const heun = new HeunSampler(steps);
  const works = {
    plan: () => heun.plan(net, [ROWS, 4], { gNet, ...ownScales }),
    sample: async () => (await heun.sample(new Rng(1), net, [ROWS, 4], { gNet, device, ...ownScales })).dispose(),
  };
  for (const [name, work] of Object.entries(works)) {
    const [byClock, onProcessor]: [number[], number[]] = [[], []];
    for (let round = 0; round < settings.rounds; round++) {
      byClock.push(await longestHold(work, () => performance.now()));
      // In a round of its own, as asking the system takes time and leaves garbage.
      onProcessor.push(await longestHold(work, () => threadMilliseconds() ?? 0));
    }
    const [clock, processor] = [spreadOf(byClock), spreadOf(onProcessor)];
    figures.push({
      name: `longest hold by ${name}: ${ROWS} rows of their own, ${STEPS} guided Heun steps`,
      values: { ms: clock, ...(processor.high > 0 ? { 'on the processor': processor } : {}) },
    });
    targets.push(atMost(`event loop held by ${name}`, clock.median, 10, 'ms'));
  }
  exact.dispose();
  device.dispose();
  return { title: 'Tracing', figures, targets, missing: [] };
};
