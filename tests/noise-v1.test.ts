import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rng, Samplers, SiTInterface, type Expr, type Step } from '../src';
import { native } from '../src/native';
import { openDevice } from './support/device';

/** The page is the reference: its tables are read from it, so that what it says is what is tested. */
const PAGE = readFileSync(join(__dirname, '..', 'docs', 'noise-v1.md'), 'utf8');
const READER = join(__dirname, 'noise-v1', 'answer.py');

const addon = native();
const LANES = addon.cpu.lanes;

/** The rows of the table that follows `line`, without its head and without backquotes. */
function table(line: RegExp): string[][] {
  const lines = PAGE.slice(PAGE.search(line)).split('\n');
  const first = lines.findIndex((l) => l.startsWith('|'));
  const rows = lines.slice(first, first + lines.slice(first).findIndex((l) => !l.startsWith('|')));
  if (!line.test(PAGE) || rows.length < 3) throw new Error(`no table after ${String(line)}`);
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .map((cell) => cell.replaceAll('`', '').trim())
      .slice(1, -1),
  );
}

const EXAMPLES = table(/^## Examples/m);
const EDGES = table(/^Words at the edges/m);
const SEEDS = table(/^Seeds that follow/m);
const HASHES = table(/^SHA-256 of consecutive/m);

const transposed = (rows: string[][]): string[][] =>
  (rows[0] as string[]).map((_, i) => rows.map((r) => r[i] as string));
const [NAMES, ...COLUMNS] = transposed(EXAMPLES) as [string[], ...string[][]];
const examples = COLUMNS.map((column) => Object.fromEntries(NAMES.map((name, i) => [name, column[i] as string])));

type Question = [kind: string, ...numbers: (string | number | bigint)[]];

/** Answers of the version in Python, which was written from the page alone. */
function ask(questions: Question[]): unknown[] {
  const input = JSON.stringify(questions.map((question) => question.map(String)));
  return JSON.parse(execFileSync('python3', [READER], { input, maxBuffer: 2 ** 28, encoding: 'utf8' })) as unknown[];
}

const bytes = (z: Float32Array): Buffer => Buffer.from(z.buffer, z.byteOffset, z.byteLength);
const hex = (word: number): string => `0x${word.toString(16).toUpperCase().padStart(8, '0')}`;
const bits = (x: number): string => hex(new Uint32Array(Float32Array.of(x).buffer)[0] as number);
const seedHex = (seed: bigint | undefined): string => `0x${seed?.toString(16).toUpperCase().padStart(16, '0')}`;

describe.each(LANES)('the page and the %s lanes agree', (lanes) => {
  test('on the hashes', () => {
    for (const [seed, draw, first, count, hash] of HASHES as [string, string, string, string, string][]) {
      const z = addon.normals(lanes, BigInt(seed), 0, Number(draw), Number(first), Number(count));
      expect(createHash('sha256').update(bytes(z)).digest('hex')).toBe(hash);
    }
  });

  test('on the examples: words and normal', () => {
    for (const { seed, draw, element, counter, key, words, normal } of examples as Record<string, string>[]) {
      const z = addon.normals(lanes, BigInt(seed as string), 0, Number(draw), Number(element), 1);
      expect(bits(z[0] as number)).toBe(normal);
      const [c, k, w] = [counter, key, words].map((list) => list?.split(' ').map((word) => parseInt(word, 16)));
      expect([...addon.philox(lanes, Uint32Array.from(c as number[]), Uint32Array.from(k as number[]))]).toEqual(w);
    }
  });

  test('on the words at the edges: how large radius and angle are', () => {
    for (const [w, radius, angle, pair] of EDGES as [string, string, string, string][]) {
      const magnitudes = pair.split(', ').map((word) => Number(word) & 0x7fffffff);
      expect(bits(addon.normalRange(lanes, Number(w), 1).maxRadius)).toBe(hex(Number(radius) & 0x7fffffff));
      expect(bits(addon.normalRange(lanes, Number(angle), 1).maxUnit)).toBe(hex(Math.max(...magnitudes)));
    }
  });
});

test('the page and Rng agree on the seeds', () => {
  const rng = new Rng(42);
  for (const [of, seed] of SEEDS as [string, string][]) {
    const [kind, index] = of.split(' ') as [string, string];
    expect(seedHex(kind === 'row' ? rng.seeds(1, Number(index))[0] : rng.fork(Number(index)).seed)).toBe(seed);
  }
});

/** The state after a step is the second draw of that step. */
class SecondDraw extends Samplers {
  forward(step: Step): Expr {
    step.noise();
    return step.noise();
  }
  lastStep(step: Step): Expr {
    return this.forward(step);
  }
}
class Start extends Samplers {
  forward({ x }: Step): Expr {
    return x;
  }
  lastStep({ x }: Step): Expr {
    return x;
  }
}

test('samplers use the draws, rows and elements that the page says', async () => {
  using device = await openDevice({ threads: 1 });
  const net = new SiTInterface(({ out }) => out.fill(0));
  const [steps, offset, shape, count] = [4, 5, [3, 2, 5], 10] as const;
  const rows = [...new Rng(42).seeds(shape[0], offset)];
  const expected = (draw: number): number[] =>
    rows.flatMap((seed) => [...addon.normals('scalar', seed, 0, draw, 0, count)]);
  const cases: [Samplers, number][] = [
    [new Start({ numSamplingSteps: steps }), 0],
    [new SecondDraw({ numSamplingSteps: steps }), 1 + 256 * (steps - 1) + 1],
  ];
  for (const [sampler, draw] of cases) {
    using samples = await sampler.sample(new Rng(42), net, [...shape], { device, offset });
    expect([...(await samples.data())]).toEqual(expected(draw));
  }
});

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']);
const available = python.status === 0;
const reason = available ? '' : ' (skipped: python3, 3.9 or later, is not on PATH)';

(available ? describe : describe.skip)(`a version written from the page alone agrees${reason}`, () => {
  test('with the package on normals of many seeds, draws and elements', () => {
    const seeds = [0n, 1n, 42n, 2n ** 32n, 0x0123_4567_89ab_cdefn, 2n ** 64n - 1n];
    const draws = [0, 1, 257, 2 ** 24, 2 ** 32 - 1];
    const ranges = [
      [0, 64],
      [1, 6],
      [2 ** 20 + 3, 41],
      [2 ** 34 - 33, 64],
      [2 ** 34 + 2, 30],
      [2 ** 40 + 1, 33],
      [2 ** 53 - 64, 63],
    ] as const;
    const places = seeds.flatMap((seed) =>
      draws.flatMap((draw) => ranges.map((range) => [seed, draw, ...range] as const)),
    );
    const answers = ask(places.map(([seed, draw, first, count]) => ['bits', seed, 0, draw, first, count]));
    for (const lanes of LANES) {
      places.forEach(([seed, draw, first, count], i) => {
        expect(bytes(addon.normals(lanes, seed, 0, draw, first, count)).toString('hex')).toBe(answers[i]);
      });
    }
    // Other streams are not in use, but nothing else may depend on that.
    expect(bytes(addon.normals('scalar', 42n, 7, 3, 0, 64)).toString('hex')).toBe(ask([['bits', 42, 7, 3, 0, 64]])[0]);
  });

  test('as does another, by a reader who had seen nothing but the page', () => {
    const folder = join(__dirname, 'noise-v1');
    const places = [42n, 2n ** 64n - 1n].flatMap((seed) =>
      [0, 770].flatMap((draw) => [0, 1, 2, 3, 4093, 2 ** 34 + 7].map((element) => [seed, draw, element] as const)),
    );
    const script =
      'import sys; sys.path.insert(0, sys.argv[1]); from fresh_reader import normal, row_seed, fork_seed\n' +
      'print(*[normal(*(int(n) for n in p.split(","))) for p in sys.argv[2:]], row_seed(42, 5), fork_seed(42, 5))';
    const answer = execFileSync(
      'python3',
      ['-c', script, folder, ...places.map(([seed, draw, element]) => `${seed},0,${draw},${element}`)],
      { encoding: 'utf8' },
    );
    const rng = new Rng(42);
    const ours = places.map(([seed, draw, element]) => {
      const z = addon.normals('scalar', seed, 0, draw, element, 1);
      return String(new Uint32Array(z.buffer, z.byteOffset, 1)[0]);
    });
    expect(answer.trim().split(' ')).toEqual([...ours, String(rng.seeds(1, 5)[0]), String(rng.fork(5).seed)]);
  });

  test('with Rng on seeds of rows and forks', () => {
    const seeds = [0n, 1n, 42n, 0x0123_4567_89ab_cdefn, 2n ** 64n - 1n];
    const indices = [0, 1, 2, 63, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1];
    const pairs = seeds.flatMap((seed) => indices.map((index) => [seed, index] as const));
    const rows = ask(pairs.map(([seed, index]) => ['row', seed, index]));
    const forks = ask(pairs.map(([seed, index]) => ['fork', seed, index]));
    pairs.forEach(([seed, index], i) => {
      expect(seedHex(new Rng(seed).seeds(1, index)[0])).toBe(rows[i]);
      expect(seedHex(new Rng(seed).fork(index).seed)).toBe(forks[i]);
    });
  });

  test('with every line of the examples', () => {
    const answers = ask(examples.map(({ seed, draw, element }) => ['example', seed, draw, element] as Question));
    const places = examples.map(({ seed, draw, element }) => ({ seed, draw, element }));
    expect(answers.map((answer, i) => ({ ...places[i], ...(answer as object) }))).toEqual(examples);
  });

  test('with the tables of words at the edges, of seeds, and with a hash', () => {
    expect(ask(EDGES.map(([w]) => ['radius', w as string]))).toEqual(EDGES.map(([, radius]) => radius));
    expect(ask(EDGES.map(([, , w]) => ['cosine, sine', w as string]))).toEqual(EDGES.map(([, , , pair]) => pair));
    const seeds = SEEDS.map(([of]) => of?.split(' ') as [string, string]);
    expect(ask(seeds.map(([kind, index]) => [kind, 42, index]))).toEqual(SEEDS.map(([, seed]) => seed));
    // All hashes would take Python long; the lanes are held to all.
    const [seed, draw, first, count, hash] = HASHES.find((row) => Number(row[2]) > 0) as [
      string,
      string,
      string,
      string,
      string,
    ];
    expect(ask([['hash', seed, 0, draw, first, count]])).toEqual([hash]);
  });

  test('with the constants of the page', () => {
    const constants = table(/^The constants, as/m).flatMap((row) => [row.slice(1, 3), row.slice(4, 6)]);
    for (const [word, decimal] of constants) expect(bits(Number(decimal))).toBe(word);
    const source = readFileSync(join(__dirname, 'noise-v1', 'noise_v1.py'), 'utf8');
    const code = source.slice(source.search(/^A = /m), source.search(/^def philox/m));
    expect(new Set(code.match(/0x[0-9A-F]{8}/g))).toEqual(new Set(constants.map(([word]) => word)));
  });
  test('with the page on a sum that must round once', () => {
    const [a, b, c, once, twice] = /Of the bits[^`]*/.exec(PAGE)?.[0].match(/0x\w{8}/g) ?? [];
    expect(ask([['fma', `${a}`, `${b}`, `${c}`]])).toEqual([once]);
    const [x, y, z] = [a, b, c].map((word) => new Float32Array(Uint32Array.of(Number(word)).buffer)[0] as number);
    expect(bits((x as number) * (y as number) + (z as number))).toBe(twice);
  });
});
