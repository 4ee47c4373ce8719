/** Checks, or with --write sets, the layout of C++ and CUDA files with the clang-format that package.json pins. */
import { readFileSync, readdirSync, writeFileSync, existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from '@wasm-fmt/clang-format';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const style = readFileSync(join(root, '.clang-format'), 'utf8');
const write = process.argv.includes('--write');

const files = ['native', 'cuda', 'tests']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(root, folder, file)))
  .filter((file) => /\.(cc|cu|h|cuh)$/.test(file))
  .sort();

let different = 0;
for (const file of files) {
  const before = readFileSync(file, 'utf8');
  // A .cu file is C++ to clang-format, which knows the language by the name.
  const after = format(before, file.replace(/\.cuh?$/, '.cc'), style);
  if (after === before) continue;
  different += 1;
  if (write) writeFileSync(file, after);
  console.log(`${write ? 'formatted' : 'not formatted'}: ${relative(root, file)}`);
}
console.log(`clang-format: ${files.length} files, ${different} ${write ? 'changed' : 'to change'}`);
if (different > 0 && !write) {
  console.log('Run npm run format.');
  process.exitCode = 1;
}
