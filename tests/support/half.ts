/** float16 and bfloat16 from their definition, in float64: the nearest number, and the even one of two. */
import type { SlotDtype } from '../../src';

const FORMATS = {
  float16: { fractionBits: 10, lowest: -14, highest: 15 },
  bfloat16: { fractionBits: 7, lowest: -126, highest: 127 },
};

function roundEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

/** The number that is left of a float32 number x where a network sees it as `dtype`. */
export function rounded(dtype: SlotDtype, x: number): number {
  if (dtype === 'float32' || x === 0 || !Number.isFinite(x)) return x;
  const { fractionBits, lowest, highest } = FORMATS[dtype];
  let exponent = Math.floor(Math.log2(Math.abs(x)));
  if (2 ** exponent > Math.abs(x)) exponent--;
  if (2 ** (exponent + 1) <= Math.abs(x)) exponent++;
  const quantum = 2 ** (Math.max(exponent, lowest) - fractionBits);
  const nearest = roundEven(x / quantum) * quantum;
  return Math.abs(nearest) < 2 ** (highest + 1) ? nearest : Math.sign(x) * Number.POSITIVE_INFINITY;
}
