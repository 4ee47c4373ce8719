/** What the benchmarks are made of: stored programs that still are the samplers', and a fit that finds the line. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programTexts } from '../bench/programs';
import { fit } from '../bench/fit';
import { spreadOf } from '../bench/spread';

const folder = join(__dirname, '..', 'native', 'bench', 'programs');

test('the stored step programs are those of the samplers', async () => {
  const texts = await programTexts();
  expect(readdirSync(folder).sort()).toEqual([...texts.keys()].map((name) => `${name}.txt`).sort());
  for (const [name, text] of texts) {
    // If a sampler or the plan has changed on purpose: npm run bench:programs
    expect(readFileSync(join(folder, `${name}.txt`), 'utf8')).toBe(text);
  }
});

test('a fit finds the line, and tells how far the worst point is from it', () => {
  const x = [1, 2, 4, 8];
  const exact = fit(
    x,
    x.map((v) => 3 + 2 * v),
  );
  expect(exact.intercept).toBeCloseTo(3, 9);
  expect(exact.slope).toBeCloseTo(2, 9);
  expect(exact.residual).toBeCloseTo(0, 9);
  const bent = fit(x, [5, 7, 11, 38]);
  expect(bent.residual).toBeGreaterThan(0.3);
});

test('quartiles lie between the samples', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ low: 1.75, median: 2.5, high: 3.25, samples: 4 });
});
