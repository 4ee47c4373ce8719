/** Row classes: rows with equal guidance share their numbers. See docs/adr/0005-row-classes.md. */
import { expected } from './errors';
import { lengthOf } from './given-array';

/** Two times, in either order. */
export type TimeInterval = readonly [number, number];

/** Scale w within [low, high], 1 outside. */
export interface Guidance {
  readonly w: number;
  readonly low: number;
  readonly high: number;
}

function checkScale(w: unknown, option: string): number {
  if (typeof w !== 'number' || !Number.isFinite(w)) throw expected('a finite number', option, w);
  return w;
}

function checkInterval(interval: unknown, option: string): { low: number; high: number } {
  const pair = interval as TimeInterval | null;
  if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((t) => typeof t === 'number' && !Number.isNaN(t))) {
    throw expected('two times', option, interval);
  }
  return { low: Math.min(...(pair as TimeInterval)), high: Math.max(...(pair as TimeInterval)) };
}

/** One value for all rows, or what each row has. */
function perRow<T, V>(
  value: T | ArrayLike<T>,
  rows: number,
  option: string,
  check: (v: T, option: string) => V,
): (row: number) => V {
  if (typeof value !== 'object' || value === null) {
    const one = check(value, option);
    return () => one;
  }
  const list = value as ArrayLike<T>;
  if (lengthOf(list) !== rows) throw expected(`one value or an array of ${rows} (one per row)`, option, value);
  const all = Array.from({ length: rows }, (_, i) => check(list[i] as T, `${option}[${i}]`));
  return (row) => all[row] as V;
}

/** Rows with equal guidance form one class, in the order of their first appearance. */
export function rowClasses(
  scale: number | ArrayLike<number>,
  interval: TimeInterval | readonly TimeInterval[] | undefined,
  rows: number,
): { guidance: Guidance[]; rowClass: Uint32Array } {
  const scaleOf = perRow(scale, rows, 'guidanceScale', checkScale);
  if (interval !== undefined && !Array.isArray(interval))
    throw expected('two times, or two per row', 'guidanceInterval', interval);
  const single = interval === undefined || (interval.length === 0 && rows > 0) || typeof interval[0] === 'number';
  const everywhere: TimeInterval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const one = single ? checkInterval(interval ?? everywhere, 'guidanceInterval') : undefined;
  const intervalOf =
    one === undefined
      ? perRow<TimeInterval, { low: number; high: number }>(
          interval as readonly TimeInterval[],
          rows,
          'guidanceInterval',
          checkInterval,
        )
      : () => one;
  const known = new Map<string, number>();
  const guidance: Guidance[] = [];
  const rowClass = Uint32Array.from({ length: rows }, (_, row) => {
    const found = { w: scaleOf(row), ...intervalOf(row) };
    const key = `${found.w} ${found.low} ${found.high}`;
    const id = known.get(key) ?? guidance.push(found) - 1;
    known.set(key, id);
    return id;
  });
  if (guidance.length === 0) guidance.push({ w: 1, low: everywhere[0], high: everywhere[1] });
  return { guidance, rowClass };
}
