/**
 * Which buffer a value lives in: homes for what outlives a step, the lowest free buffer of its dtype for the rest.
 * A buffer has one dtype for the whole plan.
 */
import type { SlotDtype } from './plan';

/** A value of one step. Time runs in ticks: see `compileStep`. Its buffer is found by `allocate`, or fixed before. */
export interface Value {
  start: number;
  end: number;
  dtype: SlotDtype;
  buffer: number | undefined;
}

/** Fixed buffers of what lives between steps, in the order of their first appearance. */
export class Homes {
  /** Of each buffer of the plan. */
  readonly dtypes: SlotDtype[] = ['float32'];
  private readonly buffers = new Map<string, number>([['x', 0]]);
  private readonly taken = new Set([0]);
  private readonly kept = new Set<string>();

  /** The same name is always asked for with the same dtype. */
  of(name: string, dtype: SlotDtype = 'float32'): number {
    let buffer = this.buffers.get(name);
    if (buffer === undefined) {
      buffer = this.lowest(dtype, (b) => !this.taken.has(b));
      this.taken.add(buffer);
      this.buffers.set(name, buffer);
    }
    return buffer;
  }

  /** The lowest buffer of this dtype, or one that is new to the plan, of which `free` is true. */
  lowest(dtype: SlotDtype, free: (buffer: number) => boolean): number {
    let buffer = 0;
    while (buffer < this.dtypes.length && !(this.dtypes[buffer] === dtype && free(buffer))) buffer++;
    if (buffer === this.dtypes.length) this.dtypes.push(dtype);
    return buffer;
  }

  /** From now on, no other value may use this home: what stands there is handed out at the end. */
  keep(name: string): void {
    this.kept.add(name);
  }

  /** Buffers of the kept homes. */
  keptBuffers(): number[] {
    return [...this.kept].map((name) => this.of(name));
  }

  /** Homes of carries by the sampler's own names. */
  carries(): Record<string, number> {
    const entries = [...this.buffers].filter(([name]) => name.startsWith('carry.'));
    return Object.fromEntries(entries.map(([name, buffer]) => [name.slice('carry.'.length), buffer]));
  }
}

/** Gives each value without a buffer the lowest one of its dtype that is free over its life. */
export function allocate(values: Value[], homes: Homes): void {
  const lives: Value[][] = [];
  const place = (value: Value, buffer: number): void => {
    value.buffer = buffer;
    (lives[buffer] ??= []).push(value);
  };
  const free = (value: Value, buffer: number): boolean =>
    (lives[buffer] ?? []).every((other) => value.start > other.end || other.start > value.end);
  for (const value of values) if (value.buffer !== undefined) place(value, value.buffer);
  for (const value of values.filter((v) => v.buffer === undefined).sort((a, b) => a.start - b.start)) {
    place(
      value,
      homes.lowest(value.dtype, (buffer) => free(value, buffer)),
    );
  }
}
