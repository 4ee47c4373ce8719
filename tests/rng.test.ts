import { InvalidArgumentError, Rng } from '../src';
import { philox4x32, type Words4 } from '../src/philox';
import { native } from '../src/native';

/** Known answers of Philox4x32-10, published with Random123. */
const KNOWN: { counter: Words4; key: readonly [number, number]; answer: Words4 }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], answer: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    answer: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    answer: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

test('Philox gives the published answers in TypeScript and on every lane', () => {
  const addon = native();
  for (const { counter, key, answer } of KNOWN) {
    expect(philox4x32(counter, key)).toEqual(answer);
    for (const lanes of addon.cpu.lanes) {
      expect([...addon.philox(lanes, Uint32Array.from(counter), Uint32Array.from(key))]).toEqual(answer);
    }
  }
});

test('seeds follow from the row number alone', () => {
  const rng = new Rng(42);
  const all = rng.seeds(100);
  expect(rng.seeds(60, 40)).toEqual(all.subarray(40));
  expect(new Set(all).size).toBe(100);
  expect(rng.seeds(1, 2 ** 33)[0]).not.toBe(all[0]);
});

test('seeds are those of the documented formula', () => {
  const seed = 0x0123_4567_89ab_cdefn;
  const [low, high] = philox4x32([5, 0, 0, 0x5eed0001], [0x89abcdef, 0x01234567]);
  expect(new Rng(seed).seeds(1, 5)[0]).toBe((BigInt(high) << 32n) | BigInt(low));
});

test('forks are independent of each other and of their parent', () => {
  const rng = new Rng(1);
  const forks = [rng, rng.fork(0), rng.fork(1), new Rng(2).fork(0), rng.fork(0).fork(0)];
  expect(new Set(forks.map((r) => r.seed)).size).toBe(forks.length);
  expect(rng.fork(1).seed).toBe(new Rng(1).fork(1).seed);
});

test('an Rng is immutable', () => {
  expect(Object.isFrozen(new Rng(1))).toBe(true);
});

test.each([[-1], [1.5], [Number.NaN], [2 ** 53], [-1n], [2n ** 64n], ['7'], [undefined]])(
  'the seed %p is refused by name',
  (seed) => {
    expect(() => new Rng(seed as number)).toThrow(InvalidArgumentError);
    expect(() => new Rng(seed as number)).toThrow(/`seed`/);
  },
);

test.each([
  ['count', (r: Rng) => r.seeds(-1)],
  ['offset', (r: Rng) => r.seeds(1, 0.5)],
  ['index', (r: Rng) => r.fork(-1)],
])('a bad %s is refused by name', (name, call) => {
  expect(() => call(new Rng(1))).toThrow(`\`${name}\``);
});
