/** The PTX of one architecture that nvcc emitted for the kernels; scripts/test-ptx.cjs makes it and names its files. */
import { readFileSync } from 'node:fs';
import { basename, delimiter } from 'node:path';

export function emittedPtx(): Record<string, string> {
  const files = (process.env['CUDA_SIM_PTX'] ?? '').split(delimiter).filter((file) => file !== '');
  if (files.length === 0) throw new Error('CUDA_SIM_PTX names no PTX: npm run test:ptx does');
  return Object.fromEntries(files.map((file) => [basename(file), readFileSync(file, 'utf8')]));
}
