/** Philox4x32-10, the counter-based generator behind every random number here, in plain TypeScript. */

const MULTIPLIER_0 = 0xd2511f53n;
const MULTIPLIER_1 = 0xcd9e8d57n;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

export type Words4 = readonly [number, number, number, number];

/**
 * Ten rounds of Philox on a counter of four 32-bit words under a key of two.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Deriving seeds is all it does
 * here, so clarity comes before speed; the kernels have their own.
 */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const product0 = BigInt(c0 >>> 0) * MULTIPLIER_0;
    const product1 = BigInt(c2 >>> 0) * MULTIPLIER_1;
    const next0 = (Number(product1 >> 32n) ^ c1 ^ k0) >>> 0;
    const next2 = (Number(product0 >> 32n) ^ c3 ^ k1) >>> 0;
    [c0, c1, c2, c3] = [next0, Number(product1 & 0xffffffffn), next2, Number(product0 & 0xffffffffn)];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}
