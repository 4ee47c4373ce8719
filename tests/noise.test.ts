import { native } from '../src/native';

const addon = native();
const COUNT = 1_000_000;

/** Two-sided 1 - 1e-6 point of the normal distribution: with ten such statements a sound generator fails once in 10^5. */
const SIGMAS = 4.9;

function normals(lanes: string, draw = 0, seed = 12345n, first = 0, count = COUNT): Float32Array {
  return addon.normals(lanes, seed, 0, draw, first, count);
}

function moment(z: Float32Array, power: number): number {
  let sum = 0;
  for (const value of z) sum += value ** power;
  return sum / z.length;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum / a.length;
}

describe('10^6 unit normals, each figure within 4.9 of its standard errors', () => {
  const z = normals(addon.cpu.lanes.at(-1) as string);
  const within = (value: number, expectation: number, variance: number): void => {
    expect(Math.abs(value - expectation) / Math.sqrt(variance / COUNT)).toBeLessThan(SIGMAS);
  };

  it('mean 0', () => within(moment(z, 1), 0, 1));
  it('variance 1', () => within(moment(z, 2), 1, 2));
  it('skewness 0', () => within(moment(z, 3), 0, 15));
  it('kurtosis 3', () => within(moment(z, 4), 3, 96));
  it.each([1, 2, 3, 4, 8, 32])('no correlation at lag %d', (lag) => {
    within(correlation(z.subarray(0, COUNT - lag), z.subarray(lag)), 0, 1);
  });
  it('no correlation between draws, or between seeds', () => {
    within(correlation(z, normals('scalar', 1)), 0, 1);
    within(correlation(z, normals('scalar', 0, 12346n)), 0, 1);
  });
  it('a distribution function within the Kolmogorov-Smirnov bound at 1e-6', () => {
    const sorted = z.slice().sort();
    // Abramowitz & Stegun 7.1.26, |error| < 1.5e-7: far below the bound of 2.7e-3.
    const cdf = (x: number): number => {
      const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
      const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
      const tail = 0.5 * poly * Math.exp((-x * x) / 2);
      return x < 0 ? tail : 1 - tail;
    };
    let most = 0;
    sorted.forEach((x, i) => (most = Math.max(most, Math.abs(cdf(x) - (i + 0.5) / COUNT))));
    expect(most).toBeLessThan(2.7 / Math.sqrt(COUNT));
  });
});

it('is the same on every lane, at every position, bit for bit', () => {
  const reference = new Uint32Array(normals('scalar').buffer);
  for (const lanes of addon.cpu.lanes) {
    expect(new Uint32Array(normals(lanes).buffer)).toEqual(reference);
    for (const [first, count] of [
      [0, 1],
      [1, 2],
      [3, 61],
      [29, 130],
      [999_983, 17],
    ] as const) {
      const part = normals(lanes, 0, 12345n, first, count);
      expect(new Uint32Array(part.buffer, part.byteOffset, count)).toEqual(reference.slice(first, first + count));
    }
  }
});

it('never changes: the first normals of seed 42', () => {
  const bits = ['bf785e5c', '3e46ace7', 'bf9e28d3', '3ff6433c', 'bd95e033', '3e0e7a13', 'bf8da734', '3ea742fe'];
  for (const lanes of addon.cpu.lanes) {
    const z = new Uint32Array(addon.normals(lanes, 42n, 0, 0, 0, 8).buffer);
    expect([...z].map((word) => word.toString(16).padStart(8, '0'))).toEqual(bits);
  }
});

it('depends on seed, stream, draw and element beyond 32 bits', () => {
  const at = (seed: bigint, stream: number, draw: number, first: number): number =>
    addon.normals('scalar', seed, stream, draw, first, 1)[0] as number;
  const values = [
    at(1n, 0, 0, 0),
    at(1n + 2n ** 32n, 0, 0, 0),
    at(1n, 1, 0, 0),
    at(1n, 0, 1, 0),
    at(1n, 0, 0, 4),
    at(1n, 0, 0, 2 ** 34),
    at(1n, 0, 0, 2 ** 35),
  ];
  expect(new Set(values).size).toBe(values.length);
});

it('is finite for every 32-bit input of the radius and of the angle', () => {
  const lanes = addon.cpu.lanes.at(-1) as string;
  const chunk = 2 ** 28;
  let [bad, radius, unit] = [0, 0, 0];
  for (let first = 0; first < 2 ** 32; first += chunk) {
    const part = addon.normalRange(lanes, first, chunk);
    bad += part.bad;
    radius = Math.max(radius, part.maxRadius);
    unit = Math.max(unit, part.maxUnit);
  }
  expect(bad).toBe(0);
  expect(radius).toBeCloseTo(Math.sqrt(66 * Math.LN2), 4); // u = 2^-33
  expect(unit).toBeLessThanOrEqual(1);
}, 120_000);
