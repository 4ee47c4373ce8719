/** Combine passes as a share of the bandwidth of a copy that moves as many bytes, in turns with it. */
import { threadCounts, threadsText, withEngine } from '../engine';
import type { LineServer } from '../line-server';
import { atLeast, atMost, type Figure, type Section, type Settings, type Target } from '../section';
import { interleave, ratios, spreadOf, type Spread } from '../spread';

interface Pass {
  name: string;
  line: string;
}

const EULER: Pass = { name: 'guided Euler', line: 'inputs=3' };
const HEUN: Pass = { name: 'guided Heun, 2nd stage', line: 'inputs=5' };
const MARUYAMA: Pass = { name: 'guided Euler-Maruyama', line: 'inputs=3 noise=1' };
const TWO: Pass = { name: 'state and history', line: 'inputs=4 outputs=2' };
const LARGE: Pass[] = [
  EULER,
  HEUN,
  MARUYAMA,
  TWO,
  { name: 'state and derived input', line: 'inputs=3 outputs=2 derived=1' },
  { name: 'guided Euler, float16 networks', line: 'inputs=3 networks=float16' },
  { name: 'guided Euler, bfloat16 networks', line: 'inputs=3 networks=bfloat16' },
  { name: 'guided Euler, not in place', line: 'inputs=3 place=apart' },
];
const PASSES: Pass[] = [
  ...LARGE,
  { name: 'guided Euler, 64 rows alike', line: 'inputs=3 rows=64' },
  { name: 'guided Euler, 64 rows of their own', line: 'inputs=3 rows=64 classes=64' },
];

/** Elements by power of two, and the passes that are measured there. */
function sizes(quick: boolean): { power: number; passes: Pass[] }[] {
  return [
    { power: 10, passes: [EULER, HEUN] },
    { power: 14, passes: [EULER, HEUN] },
    { power: 17, passes: [EULER] },
    { power: 20, passes: PASSES },
    { power: 23, passes: [EULER] },
    ...(quick ? [] : [{ power: 26, passes: LARGE }]),
  ];
}

interface Measured {
  figure: Figure;
  share: Spread;
  seconds: number;
}

async function measure(engine: LineServer, pass: Pass, power: number, settings: Settings): Promise<Measured> {
  const elements = 2 ** power;
  const [, rows] = /rows=(\d+)/.exec(pass.line) ?? [undefined, '1'];
  const combine = `combine ${pass.line} elements=${elements / Number(rows)}`;
  const { bytes: moved } = await engine.ask(combine);
  const copy = `copy bytes=${moved}`;
  const bandwidth = (line: string) => async (): Promise<number> => {
    const { bytes, seconds } = await engine.ask(line);
    return bytes / seconds / 1e9;
  };
  const samples = await interleave(settings.rounds, { combine: bandwidth(combine), copy: bandwidth(copy) });
  engine.tell('forget');
  const [own, ceiling] = [spreadOf(samples.combine), spreadOf(samples.copy)];
  const share = spreadOf(ratios(samples.combine, samples.copy));
  const figure = {
    name: `${pass.name}, 2^${power}`,
    values: { 'GB/s': own, 'copy GB/s': ceiling, 'share of copy': share },
  };
  return { figure, share, seconds: moved / (own.median * 1e9) };
}

export const combine: Section = async (settings) => {
  const figures: Figure[] = [];
  const targets: Target[] = [];
  for (const threads of threadCounts(settings.threads)) {
    await withEngine(threads, settings.quick ? 5 : 15, async (engine) => {
      const seconds = new Map<string, number>();
      for (const { power, passes } of sizes(settings.quick)) {
        for (const pass of passes) {
          // A pass this short is not shared.
          if (power < 17 && threads > 1) continue;
          const { figure, share, seconds: taken } = await measure(engine, pass, power, settings);
          const name = `${figure.name}, ${threadsText(threads)}`;
          figures.push({ ...figure, name });
          seconds.set(`${pass.name} ${power}`, taken);
          if (power === 20 || power === 26) {
            const wanted = power === 26 && threads === settings.threads ? 0.95 : 0.9;
            targets.push(atLeast(name, share.median, wanted, 'of copy'));
          }
        }
      }
      if (threads > 1) return;
      for (const pass of [EULER, HEUN]) {
        const [small, larger] = [seconds.get(`${pass.name} 10`), seconds.get(`${pass.name} 14`)] as [number, number];
        // What a line through both sizes gives at no elements.
        const fixed = small - ((larger - small) * 2 ** 10) / (2 ** 14 - 2 ** 10);
        figures.push({ name: `${pass.name}, fixed cost`, values: { µs: Math.max(fixed, 0) * 1e6 } });
        targets.push(atMost(`${pass.name}, fixed cost`, Math.max(fixed, 0) * 1e6, 1, 'µs'));
      }
    });
  }
  return { title: 'Combine against copy', figures, targets, missing: [] };
};
