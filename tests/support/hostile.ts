/** Values that callers should not give, and what must hold when they do. */
import fc from 'fast-check';
import { SamplersError } from '../../src';

/** How many times the usual number of cases: PROPERTY_FACTOR=20 for a long run. */
export const FACTOR = Number(process.env['PROPERTY_FACTOR'] ?? 1);

/** Other cases every time, unless a seed is asked for; failures print it. */
export const SEED = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31);

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

/** Numbers of every kind. */
export const numbers: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer({ min: -2, max: 100 }),
  fc.constantFrom(0, 1, 0.5, 1e-300, Number.NaN, Infinity),
);

/** What the traps and getters below throw. It is the caller's own, so it may come back to them as it is. */
export class Trapped extends Error {}
const trap = (): never => {
  throw new Trapped('a trap of the caller');
};

/** To be made anew for each case, and not to be looked at by whoever prints the case. */
class Given {
  constructor(
    private readonly name: string,
    readonly make: () => unknown,
  ) {}
  [fc.toStringMethod](): string {
    return this.name;
  }
}

function detached<T extends ArrayBufferView>(view: T): T {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
  return view;
}
const withOwn = <T extends object>(value: T, key: PropertyKey, property: PropertyDescriptor): T =>
  Object.defineProperty(value, key, { configurable: true, ...property });
const everyTrap = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, trap]));

const makers: Record<string, () => unknown> = {
  'a detached Float32Array': () => detached(new Float32Array(4)),
  'a detached Float64Array': () => detached(Float64Array.of(1, 0.5, 0)),
  'a detached Int32Array': () => detached(new Int32Array(2)),
  'a detached BigInt64Array': () => detached(new BigInt64Array(2)),
  'a detached BigUint64Array': () => detached(new BigUint64Array(2)),
  'a detached Uint8Array': () => detached(new Uint8Array(64)),
  'an array on shared memory': () => new Float32Array(new SharedArrayBuffer(16)),
  'an array that says it is longer': () => withOwn(new Float32Array(2), 'length', { value: 8 }),
  'seeds that say they are more': () => withOwn(new BigUint64Array(1), 'length', { value: 2 }),
  'an array with another tag': () => withOwn(new Float64Array(4), Symbol.toStringTag, { value: 'Float32Array' }),
  'an object with a length': () => ({ length: 4 }),
  'an object with an endless length': () => ({ length: 2 ** 53 - 1 }),
  'a proxy of a typed array': () => new Proxy(new Float32Array(4), {}),
  'an object with a length that is none': () => ({ length: Number.NaN, 0: 1 }),
  'an object whose length throws': () => withOwn({}, 'length', { get: trap }),
  'an array whose element throws': () => withOwn([1, 2], 0, { get: trap, enumerable: true }),
  'an object whose values throw': () =>
    ['x', 'y', 'data', 'shape', 'then', 'denoised'].reduce(
      (o, key) => withOwn(o, key, { get: trap, enumerable: true }),
      {},
    ),
  'a proxy that throws': () => new Proxy({}, everyTrap),
  'a proxy of an array that throws': () => new Proxy([2, 4], { get: trap }),
  'a value that throws when it is converted': () => ({ [Symbol.toPrimitive]: trap, toString: trap, valueOf: trap }),
  'an object whose class throws': () => withOwn({}, 'constructor', { get: trap }),
  'an error whose message is a symbol': () => withOwn(new Error('a'), 'message', { value: Symbol('message') }),
  'an error whose message throws': () => withOwn(new Error('a'), 'message', { get: trap }),
  'an error whose message throws when it is converted': () =>
    withOwn(new Error('a'), 'message', { value: { toString: trap } }),
  'an error whose name and stack throw': () =>
    withOwn(withOwn(new Error('a'), 'stack', { get: trap }), 'name', { get: trap }),
  'a function whose name throws': () => withOwn(() => 1, 'name', { get: trap }),
};

/** Values that act when they are looked at, or are not what they say. */
export const hostile: fc.Arbitrary<unknown> = fc
  .constantFrom(...Object.keys(makers))
  .map((name) => new Given(name, makers[name] as () => unknown));

/** A generated value with those of `hostile` in it made; lists and records are the case's own, which may write to them. */
export function made(value: unknown): unknown {
  if (value instanceof Given) return value.make();
  if (Array.isArray(value)) return value.map(made);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, made(inner)]));
}

/** Which part of the cases must end well, and which must be refused; so that both are really looked at. */
export interface Shares {
  well: number;
  refused: number;
}

/** Where most cases may be refused. */
export const some: Shares = { well: 0, refused: 0.01 };

/** Every case ends well or with a typed error. */
export async function endTyped<T>(
  cases: number,
  arbitrary: fc.Arbitrary<T>,
  shares: Shares,
  body: (value: T) => unknown,
): Promise<void> {
  let [well, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(arbitrary, async (value) => {
      if (await onlyTyped(() => body(made(value) as T))) refused++;
      else well++;
    }),
    { numRuns: cases * FACTOR, seed: SEED },
  );
  const total = well + refused;
  if (total < cases || well < shares.well * total || refused < shares.refused * total)
    throw new Error(`${well} of ${total} cases ended well, ${refused} were refused (seed ${SEED})`);
}

/** Runs `body`; what it throws must be typed. Says whether it threw. */
export async function onlyTyped(body: () => unknown): Promise<boolean> {
  try {
    await body();
    return false;
  } catch (error) {
    if (error instanceof Trapped) return true;
    if (error instanceof SamplersError && error.code.length > 0 && error.message.length > 0) return true;
    throw error;
  }
}
