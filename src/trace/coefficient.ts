/** Coefficients of a trace: one float64 for all rows, or one per row class. */

/** A number for every row class, or one that all share. */
export type Coefficient = number | Float64Array;

function combine(a: Coefficient, b: Coefficient, op: (x: number, y: number) => number): Coefficient {
  if (typeof a === 'number') {
    return typeof b === 'number' ? op(a, b) : b.map((y) => op(a, y));
  }
  return typeof b === 'number' ? a.map((x) => op(x, b)) : a.map((x, i) => op(x, b[i] as number));
}

export function sum(a: Coefficient, b: Coefficient): Coefficient {
  return combine(a, b, (x, y) => x + y);
}

export function product(a: Coefficient, b: Coefficient): Coefficient {
  return combine(a, b, (x, y) => x * y);
}

/** The coefficient of one row class. */
export function ofClass(a: Coefficient, rowClass: number): number {
  return typeof a === 'number' ? a : (a[rowClass] as number);
}

/** True where the predicate holds for every row class. */
export function every(a: Coefficient, holds: (value: number) => boolean): boolean {
  return typeof a === 'number' ? holds(a) : a.every(holds);
}

export function equal(a: Coefficient, b: Coefficient): boolean {
  if (typeof a === 'number') return every(b, (y) => Object.is(a, y));
  if (typeof b === 'number') return a.every((x) => Object.is(x, b));
  return a.every((x, i) => Object.is(x, b[i]));
}
