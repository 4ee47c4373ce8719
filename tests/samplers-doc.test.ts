import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { measuredTables, PAGE, tableOf } from '../scripts/samplers-doc';
import { DiffusionCoeffType, samplerNames } from '../src';

const page = readFileSync(PAGE, 'utf8');

test('the tables of docs/samplers.md are what is measured now', async () => {
  for (const [name, table] of Object.entries(await measuredTables())) {
    expect({ name, table: tableOf(page, name) }).toEqual({ name, table });
  }
});

test.each([...samplerNames(), ...Object.values(DiffusionCoeffType), 'uniform', 'exp'])('it speaks of %s', (name) => {
  expect(page).toContain(`\`${name}\``);
});

test('its gallery has a picture of less than 100 kB in every row', () => {
  const pictures = [...(tableOf(page, 'gallery') ?? '').matchAll(/\((digits-[a-z-]+\.png)\)/g)];
  expect(pictures).toHaveLength(6);
  for (const [, file] of pictures) {
    expect(statSync(join(__dirname, '..', 'docs', file as string)).size).toBeLessThan(100_000);
  }
});
