/** Philox4x32-10, the counter-based generator behind every random number here, in plain TypeScript. */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

export type Words4 = readonly [number, number, number, number];

/** High word of a product of 32-bit words, from products of halves that a double holds exactly. */
function mulHigh(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 0x10000);
  const carried = (middle % 0x10000) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000)) >>> 0;
}

/**
 * Ten rounds of Philox on a counter of four 32-bit words under a key of two.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. It derives seeds here; the kernels have
 * their own.
 */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const next0 = (mulHigh(MULTIPLIER_1, c2) ^ c1 ^ k0) >>> 0;
    const next2 = (mulHigh(MULTIPLIER_0, c0) ^ c3 ^ k1) >>> 0;
    c1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c3 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    [c0, c2] = [next0, next2];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}
