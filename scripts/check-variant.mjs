/** Loads one built addon, prints what it says of itself, and draws a few normals: node scripts/check-variant.mjs FILE [cpu|cuda]. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [file, expected] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(resolve(file));
const normals = addon.normals('scalar', 1n, 0, 0, 0, 8);
console.log(file);
console.log('  build  ', JSON.stringify(addon.build));
console.log('  normals', [...normals].map((value) => value.toFixed(6)).join(' '));
if (normals.length !== 8 || !normals.every(Number.isFinite)) {
  throw new Error('the addon did not draw eight finite normals');
}
if (expected && addon.build.cuda !== (expected === 'cuda')) {
  throw new Error(`expected a ${expected} build, but the addon says cuda: ${addon.build.cuda}`);
}
