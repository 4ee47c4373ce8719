/** The demonstration draws its digits, and the same ones again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { runDemo } from '../../src/cli/draw-digits';
import { captured } from './captured';

const folder = mkdtempSync(join(tmpdir(), 'demo-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function draw(name: string): Promise<{ png: Buffer; screen: string }> {
  const file = join(folder, name);
  const { terminal, stdout, stderr } = captured();
  expect(await runDemo(['--device', 'cpu', '--out', file], terminal)).toBe(0);
  expect(stderr()).toBe('');
  return { png: readFileSync(file), screen: stdout().toString() };
}

test('64 digits in a grid of 8 × 8; the same seed gives the same file byte for byte', async () => {
  const first = await draw('first.png');
  const side = 8 * (28 * 3 + 4) + 4;
  const { width, height, channels } = decode(first.png);
  expect([width, height, channels]).toEqual([side, side, 1]);
  expect(first.screen).toMatch(/^sampler +heun, 32 steps, guidance 2$/m);
  expect(first.screen).toMatch(/^network +126 evaluations of 64 samples each$/m);
  expect(first.screen).toMatch(/^seed +42$/m);
  expect((await draw('second.png')).png.equals(first.png)).toBe(true);
});
