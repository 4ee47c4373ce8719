/** Which buffer a value lives in: homes for what outlives a step, the lowest free buffer for the rest. */

/** A value of one step. Time runs in ticks: see `compileStep`. Its buffer is found by `allocate`, or fixed before. */
export interface Value {
  start: number;
  end: number;
  buffer: number | undefined;
}

/** Fixed buffers of what lives between steps, in the order of their first appearance. */
export class Homes {
  private readonly buffers = new Map<string, number>([['x', 0]]);
  private readonly kept = new Set<string>();

  of(name: string): number {
    let buffer = this.buffers.get(name);
    if (buffer === undefined) {
      buffer = this.buffers.size;
      this.buffers.set(name, buffer);
    }
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

/** Gives each value without a buffer the lowest one that is free over its life. Returns the number of buffers in use. */
export function allocate(values: Value[]): number {
  const lives: Value[][] = [];
  const place = (value: Value, buffer: number): void => {
    value.buffer = buffer;
    (lives[buffer] ??= []).push(value);
  };
  const free = (value: Value, buffer: number): boolean =>
    (lives[buffer] ?? []).every((other) => value.start > other.end || other.start > value.end);
  for (const value of values) if (value.buffer !== undefined) place(value, value.buffer);
  for (const value of values.filter((v) => v.buffer === undefined).sort((a, b) => a.start - b.start)) {
    let buffer = 0;
    while (!free(value, buffer)) buffer++;
    place(value, buffer);
  }
  return lives.length;
}
