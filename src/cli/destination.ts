/** Where samples go: a picture, an array, or an array on stdout. Checked before anything runs. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { expected } from '../errors';
import type { Drawing } from './draw-samples';
import { encodeNpy } from './npy';
import { drawGrid, encodePng, imageSize, type GridOptions } from './picture';
import { write, type Stream, type Terminal } from './terminal';

export interface Destination {
  /** A path, or '-' for stdout. */
  readonly file: string;
  readonly format: 'png' | 'npy';
}

/** @throws InvalidArgumentError naming --out. */
export function chooseDestination(out: string | undefined, json: boolean, { stdout }: Terminal): Destination {
  const file = out ?? (stdout.isTTY === true ? undefined : '-');
  if (file === undefined) throw expected('FILE.png or FILE.npy, as stdout is a terminal,', '--out', out);
  if (file === '-') {
    if (stdout.isTTY === true) throw expected('FILE.png or FILE.npy, as stdout is a terminal,', '--out', out);
    if (json) throw expected('FILE.png or FILE.npy, as --json takes stdout,', '--out', out);
    return { file, format: 'npy' };
  }
  const format = extname(file).toLowerCase().slice(1);
  if (format !== 'png' && format !== 'npy') throw expected("FILE.png, FILE.npy or '-'", '--out', file);
  const folder = dirname(resolve(file));
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw expected('a file in a folder that exists', '--out', file);
  }
  const there = existsSync(file);
  if (there && statSync(file).isDirectory()) throw expected('a file', '--out', `${file} (a folder)`);
  try {
    accessSync(there ? file : folder, constants.W_OK);
  } catch {
    throw expected('a file that can be written', '--out', file);
  }
  return { file, format };
}

/** @throws InvalidArgumentError where samples of this shape cannot go there. */
export function checkDestination({ format }: Destination, shape: readonly number[]): void {
  if (format === 'png') imageSize(shape.slice(1));
}

export async function deliver(
  { file, format }: Destination,
  { data, shape }: Pick<Drawing, 'data' | 'shape'>,
  stdout: Stream,
  grid: GridOptions = {},
): Promise<void> {
  const bytes = format === 'png' ? encodePng(drawGrid(data, shape, grid)) : encodeNpy(data, shape);
  if (file === '-') return write(stdout, bytes);
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    throw new Error(`The file '${file}' was not written: ${(cause as Error).message}.`, { cause });
  }
}
