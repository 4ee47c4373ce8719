/** Measures what docs/samplers.md says in figures, and writes its tables. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DiffusionCoeffType,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  MeanFlowInterface,
  SiTInterface,
  type DiffusionCoeff,
  type EulerMaruyamaConfig,
  type ModelInterface,
  type SampleOptions,
  type Samplers,
} from '../src';
import { interpret } from '../tests/support/interpret';
import {
  exactMoments,
  exactNetwork,
  GAUSSIAN,
  measureOrder,
  measureStrongOrder,
  planNet,
  type Kind,
  type Make,
} from '../tests/support/measure';
import { conditional, exactVelocity, rms, solve, unitStart, unitStart64 } from '../tests/support/mixture';

export const PAGE = join(__dirname, '..', 'docs', 'samplers.md');

type Align = 'left' | 'right';

/** A table as prettier leaves it. */
export function markdownTable(head: string[], align: Align[], rows: string[][]): string {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: string[]): string => {
    const padded = cells.map((cell, i) => {
      const width = widths[i] as number;
      return align[i] === 'right' ? cell.padStart(width) : cell.padEnd(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, i) => (align[i] === 'right' ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

const between = (name: string): RegExp => new RegExp(`(<!-- table: ${name} -->\n)[^]*?(<!-- end -->)`);

/** What the page has under a name. */
export function tableOf(page: string, name: string): string | undefined {
  return between(name).exec(page)?.[0].split('\n').slice(1, -1).join('\n').trim();
}

/** Puts tables between their markers. @throws Error where the page has no such marker. */
export function writeTables(tables: Record<string, string>, path = PAGE): void {
  let page = readFileSync(path, 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    if (!between(name).test(page)) throw new Error(`${path} has no markers for the table '${name}'.`);
    page = page.replace(between(name), (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`);
  }
  writeFileSync(path, page);
}

const CLOCK: Record<Kind, string> = { sit: 'SiT', edm: 'EDM' };
const KINDS: readonly Kind[] = ['sit', 'edm'];

/** 0.00123 -> '1.2e-3' */
const small = (value: number): string => value.toExponential(1);

/** Signed, four decimals; no minus before a zero. */
const signed = (value: number): string => {
  const text = value.toFixed(4);
  return Number(text) === 0 ? '0.0000' : value > 0 ? `+${text}` : text;
};

async function orders(): Promise<string> {
  const makers: [string, Make][] = [
    ['Euler', (c) => new EulerSampler(c)],
    ['Heun', (c) => new HeunSampler(c)],
    ["Heun, lastStep 'full'", (c) => new HeunSampler({ ...c, lastStep: 'full' })],
  ];
  const rows: string[][] = [];
  for (const [name, make] of makers) {
    for (const kind of KINDS) {
      const { errors, order } = await measureOrder(make, kind);
      rows.push([name, CLOCK[kind], ...errors.map(small), order.toFixed(1)]);
    }
  }
  const head = ['sampler', 'interface', 'N = 80', 'N = 160', 'N = 320', 'order'];
  return markdownTable(head, ['left', 'left', 'right', 'right', 'right', 'right'], rows);
}

/** Errors on SiT's whole clock, at equal numbers of evaluations. */
async function equalCost(): Promise<string> {
  const velocity = exactVelocity(conditional);
  const exact = solve(velocity, unitStart64, 8, 1, 0, 4000);
  const error = async (sampler: Samplers): Promise<string> => {
    const plan = await sampler.plan(planNet('sit'), { data: unitStart, shape: [8, 4] });
    return small(rms(interpret(plan, { networks: [velocity], state: unitStart64 }), exact));
  };
  const rows: string[][] = [];
  for (const n of [2, 3, 4, 8, 16, 32]) {
    rows.push([
      String(2 * n - 1),
      await error(new EulerSampler({ numSamplingSteps: 2 * n - 1 })),
      await error(new HeunSampler({ numSamplingSteps: n })),
      await error(new HeunSampler({ numSamplingSteps: n, lastStep: 'full' })),
    ]);
  }
  const head = ['evaluations', 'Euler', 'Heun', "Heun, lastStep 'full' (one more)"];
  return markdownTable(head, ['right', 'right', 'right', 'right'], rows);
}

async function strongOrders(): Promise<string> {
  const rows: string[][] = [];
  for (const kind of KINDS) {
    const make: Make = (c) => new EulerMaruyamaSampler({ ...c, diffusionCoeff: () => 0.4 });
    const { errors, order } = await measureStrongOrder(make, kind);
    rows.push([CLOCK[kind], ...errors.map(small), order.toFixed(1)]);
  }
  const head = ['interface', 'N = 64', 'N = 128', 'N = 256', 'order'];
  return markdownTable(head, ['left', 'right', 'right', 'right', 'right'], rows);
}

/** The coefficients that a clock takes, with the starts and norms that the page names. */
function coefficients(kind: Kind): [DiffusionCoeff, EulerMaruyamaConfig][] {
  if (kind === 'edm') {
    const exp = { samplingTimeDist: 'exp', samplingTimeKwargs: { sigmaMax: 20 } } as const;
    return [
      ['constant', { ...exp, diffusionCoeff: 'constant' }],
      ['linear', { ...exp, diffusionCoeff: 'linear', diffusionCoeffNorm: 2 }],
    ];
  }
  return Object.values(DiffusionCoeffType).map((diffusionCoeff) => [
    diffusionCoeff,
    { diffusionCoeff, samplingTimeKwargs: { tStart: diffusionCoeff === 'linear_kl' ? 0.99 : 1 } },
  ]);
}

const MEAN = GAUSSIAN.means[0]?.[0] as number;
const VARIANCE = (GAUSSIAN.deviations[0] as number) ** 2;

async function moments(): Promise<string> {
  const rows: string[][] = [];
  for (const kind of KINDS) {
    for (const [name, config] of coefficients(kind)) {
      const cells: string[] = [];
      for (const numSamplingSteps of [50, 100, 200]) {
        const { mean, variance } = await exactMoments(new EulerMaruyamaSampler({ ...config, numSamplingSteps }), kind);
        cells.push(signed(mean - MEAN), signed(variance - VARIANCE));
      }
      rows.push([CLOCK[kind], `${name}, k = ${config.diffusionCoeffNorm ?? 1}`, ...cells]);
    }
  }
  const head = ['interface', 'w(t)', ...[50, 100, 200].flatMap((n) => [`N = ${n}: mean`, 'variance'])];
  return markdownTable(head, ['left', 'left', ...new Array<Align>(6).fill('right')], rows);
}

async function lastSteps(): Promise<string> {
  const rows: string[][] = [];
  for (const kind of KINDS) {
    for (const [name, config] of coefficients(kind)) {
      const error = async (lastStep: 'denoise' | 'mean', numSamplingSteps: number): Promise<string> => {
        const sampler = new EulerMaruyamaSampler({ ...config, numSamplingSteps, lastStep });
        return signed((await exactMoments(sampler, kind)).variance - VARIANCE);
      };
      const cells = [await error('denoise', 50), await error('mean', 50), await error('denoise', 200)];
      rows.push([CLOCK[kind], `${name}, k = ${config.diffusionCoeffNorm ?? 1}`, ...cells, await error('mean', 200)]);
    }
  }
  const head = ['interface', 'w(t)', "N = 50: 'denoise'", "'mean'", "N = 200: 'denoise'", "'mean'"];
  return markdownTable(head, ['left', 'left', ...new Array<Align>(4).fill('right')], rows);
}

/** Standard deviation of what is drawn on SiT for narrow data, exactly: see `exactMoments`. */
async function narrowDeviation(config: EulerMaruyamaConfig, deviation: number): Promise<string> {
  const sampler = new EulerMaruyamaSampler(config);
  const draws = (await sampler.plan(planNet('sit'), [1, 1])).data.entries.map((_, step) => 1 + 256 * step);
  const plan = await sampler.plan(planNet('sit'), [draws.length + 2, 1]);
  const ends = interpret(plan, {
    networks: [exactNetwork({ weights: [1], means: [[MEAN]], deviations: [deviation] }, 'sit')],
    normal: (row, draw) => (row > 0 && [0, ...draws][row - 1] === draw ? 1 : 0), // draw 0 is the start
  });
  const mean = ends[0] as number;
  return small(Math.sqrt(ends.slice(1).reduce((sum, end) => sum + (end - mean) ** 2, 0)));
}

async function narrow(): Promise<string> {
  const rows: string[][] = [];
  for (const [name, config] of coefficients('sit')) {
    const cells: string[] = [];
    for (const numSamplingSteps of [50, 200]) {
      for (const lastStep of ['denoise', 'mean'] as const) {
        cells.push(await narrowDeviation({ ...config, numSamplingSteps, lastStep }, 0.01));
      }
    }
    rows.push([`${name}, k = 1`, ...cells]);
  }
  const head = ['w(t)', "N = 50: 'denoise'", "'mean'", "N = 200: 'denoise'", "'mean'"];
  return markdownTable(head, ['left', ...new Array<Align>(4).fill('right')], rows);
}

async function evaluations(): Promise<string> {
  const never = (): never => {
    throw new Error('a plan calls no network');
  };
  const steps = { numSamplingSteps: 32 };
  const samplers: [string, Samplers, ModelInterface][] = [
    ['Euler', new EulerSampler(steps), planNet('sit')],
    ['Heun', new HeunSampler(steps), planNet('sit')],
    ["Heun, lastStep 'full'", new HeunSampler({ ...steps, lastStep: 'full' }), planNet('sit')],
    ['Euler-Maruyama', new EulerMaruyamaSampler({ ...steps, diffusionCoeff: 'linear' }), planNet('sit')],
    ['EulerJump', new EulerJumpSampler(steps), new MeanFlowInterface(never)],
  ];
  const rows: string[][] = [];
  for (const [name, sampler, net] of samplers) {
    const guide = net instanceof SiTInterface ? new SiTInterface(() => never()) : new MeanFlowInterface(() => never());
    const count = async (options: SampleOptions): Promise<string> =>
      String((await sampler.plan(net, [1, 4], options)).evaluations);
    const guided = { gNet: guide, guidanceScale: 2 };
    rows.push([name, await count({}), await count(guided), await count({ ...guided, guidanceInterval: [0.25, 0.75] })]);
  }
  const head = ['sampler', 'unguided', 'guided', 'guided for t in [0.25, 0.75]'];
  return markdownTable(head, ['left', 'right', 'right', 'right'], rows);
}

/** Every table but that of the gallery, which takes minutes and measures seconds. */
export async function measuredTables(): Promise<Record<string, string>> {
  return {
    orders: await orders(),
    'equal-cost': await equalCost(),
    strong: await strongOrders(),
    moments: await moments(),
    'last-step': await lastSteps(),
    narrow: await narrow(),
    evaluations: await evaluations(),
  };
}

if (require.main === module) void measuredTables().then((tables) => writeTables(tables));
