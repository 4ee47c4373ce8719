/** Values that callers should not give, and what must hold when they do. */
import fc from 'fast-check';
import { SamplersError } from '../../src';

/** How many times the usual number of cases: PROPERTY_FACTOR=20 for a long run. */
export const FACTOR = Number(process.env['PROPERTY_FACTOR'] ?? 1);

/** The same cases every time, unless another seed is asked for. */
export const SEED = Number(process.env['PROPERTY_SEED'] ?? 20261125);

/** Anything at all: primitives, arrays, typed arrays, objects with odd prototypes, functions. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    withBigInt: true,
    withTypedArray: true,
    withNullPrototype: true,
    withDate: true,
    withSparseArray: true,
  }),
  fc.constantFrom<unknown>(
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
    2 ** 53,
    -1,
    1e308,
    '',
    '__proto__',
    'constructor',
    Symbol.iterator,
    () => 1,
    class {},
    new Proxy({}, {}),
  ),
);

/** Numbers that are sizes, or nearly. */
export const sizes: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.constantFrom<unknown>(
    -1,
    0.5,
    2 ** 31,
    2 ** 32 + 1,
    2 ** 40,
    2 ** 53,
    Number.MAX_SAFE_INTEGER,
    Number.NaN,
    1e300,
    '3',
    null,
  ),
);

/** Runs `body`; what it throws must be typed. Says whether it threw. */
export async function onlyTyped(body: () => unknown): Promise<boolean> {
  try {
    await body();
    return false;
  } catch (error) {
    if (error instanceof SamplersError && error.code.length > 0 && error.message.length > 0) return true;
    throw error;
  }
}
