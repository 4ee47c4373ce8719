import { readFileSync } from 'node:fs';
import { accessesOf, CASES, EAGER_BLOCKS, eagerBlocks, eagerCost, leastPasses } from '../../scripts/cuda-steps';
import { countedTables, PAGE } from '../../scripts/cuda-table';
import { tableOf } from '../../scripts/samplers-doc';

const page = readFileSync(PAGE, 'utf8');
let tables: Record<string, string>;

beforeAll(async () => {
  tables = await countedTables();
});

/** Cells of a table by the titles of its columns. */
function rowsOf(table: string): Record<string, string>[] {
  const [head = [], , ...rows] = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.map((cells) => Object.fromEntries(head.map((title, i) => [title, cells[i] as string])));
}

test('the tables of docs/cuda.md are what is counted now', () => {
  for (const [name, table] of Object.entries(tables)) {
    expect({ name, table: tableOf(page, name) }).toEqual({ name, table });
  }
});

test('a step waits for nothing, allocates nothing, and moves the least that is possible, one launch per pass', () => {
  const rows = rowsOf(tables['per-step'] as string);
  expect(rows).toHaveLength(CASES.length);
  rows.forEach((row, i) => {
    const passes = leastPasses(CASES[i] as (typeof CASES)[number]);
    expect(row).toMatchObject({
      launches: String(passes.length),
      synchronisations: '0',
      allocations: '0',
      copies: '0',
      bytes: row['least bytes'],
    });
  });
});

test('a recorded step is one launch for the host, and moves no more bytes', () => {
  const plain = rowsOf(tables['per-step'] as string);
  const rows = rowsOf(tables['replayed'] as string);
  expect(rows).toHaveLength(CASES.filter(({ clock }) => clock !== 'MeanFlow').length);
  rows.forEach((row, i) => {
    const { launches, "network's launches": network, bytes } = plain[i] as Record<string, string>;
    expect(row).toMatchObject({
      'graph launches': '1',
      'other launches': '0',
      kernels: String(Number(launches) + Number(network) + 1),
      synchronisations: '0',
      allocations: '0',
      copies: '0',
      bytes,
    });
  });
});

test('passes and operations are counted from their text', () => {
  expect(accessesOf(['x, v, u -> x, c_in·x'])).toBe(5);
  expect(accessesOf(['x, v1 -> y', 'x, v1, v2 -> x'])).toBe(7);
  // u + w (v - u), then x + dt d: three reads of two and two of one, five writes.
  expect(eagerCost(['guidance', 'euler'])).toEqual({ launches: 5, accesses: 13 });
  expect(eagerCost(['noise'])).toEqual({ launches: 3, accesses: 6 });
  for (const block of Object.keys(EAGER_BLOCKS)) expect(page).toContain(`| ${block} `);
  for (const step of CASES) {
    expect(eagerCost(eagerBlocks(step)).accesses).toBeGreaterThan(accessesOf(leastPasses(step)));
  }
});
