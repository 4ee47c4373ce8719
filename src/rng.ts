/** `Rng`: an immutable value from which the seeds of all rows follow. */
import { expected } from './errors';
import { philox4x32 } from './philox';

/** Word 3 of the counter keeps the derivations apart. */
const ROW_SEEDS = 0x5eed0001;
const FORKS = 0x5eed0002;

const MASK_64 = 0xffff_ffff_ffff_ffffn;

/**
 * A source of randomness as a value: the same Rng gives the same samples, however often it is used.
 *
 * Row i of a batch gets the seed `philox4x32(counter = (i low, i high, 0, 0x5eed0001), key = seed)`, words 0 and 1;
 * its noise is Philox again, keyed by that seed and counted by (element / 4, draw). So a sample depends on its seed and
 * its row number alone, never on the batch, the shard, the chunk or the device. A shard is the same Rng with an offset.
 *
 * @example
 * const rng = new Rng(42);
 * rng.seeds(64);       // BigUint64Array(64), rows 0 to 63
 * rng.seeds(32, 32);   // its second half
 * rng.fork(1);         // an independent Rng
 */
export class Rng {
  /** The 64-bit key. */
  readonly seed: bigint;

  /** @param seed A non-negative safe integer or a bigint below 2^64. */
  constructor(seed: number | bigint) {
    const valid = typeof seed === 'bigint' ? seed >= 0n && seed <= MASK_64 : Number.isSafeInteger(seed) && seed >= 0;
    if (!valid) throw expected('a non-negative safe integer or a bigint below 2^64', 'seed', seed);
    this.seed = BigInt(seed);
    Object.freeze(this);
  }

  /** An independent Rng; `fork(i)` for different i gives other seeds, as Philox is a bijection of i under one key. */
  fork(index: number): Rng {
    if (!Number.isSafeInteger(index) || index < 0) throw expected('a non-negative safe integer', 'index', index);
    return new Rng(this.derive(index, FORKS));
  }

  /** The seeds of rows `offset` to `offset + count - 1`. */
  seeds(count: number, offset = 0): BigUint64Array {
    if (!Number.isSafeInteger(count) || count < 0) throw expected('a non-negative safe integer', 'count', count);
    if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(offset + Math.max(count, 1) - 1)) {
      throw expected('a non-negative safe integer, also for the last row,', 'offset', offset);
    }
    return BigUint64Array.from({ length: count }, (_, i) => this.derive(offset + i, ROW_SEEDS));
  }

  private derive(index: number, purpose: number): bigint {
    const high = Math.floor(index / 2 ** 32);
    const key = [Number(this.seed & 0xffffffffn), Number(this.seed >> 32n)] as const;
    const [w0, w1] = philox4x32([index >>> 0, high, 0, purpose], key);
    return (BigInt(w1) << 32n) | BigInt(w0);
  }
}
