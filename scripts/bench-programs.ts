/** Writes the step programs that native/bench/ replays. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programTexts } from '../bench/programs';

async function main(): Promise<void> {
  const folder = join(__dirname, '..', 'native', 'bench', 'programs');
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
  for (const [name, text] of await programTexts()) writeFileSync(join(folder, `${name}.txt`), text);
}

void main();
