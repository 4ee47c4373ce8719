/** Samples [n, 1, height, width] as the bytes a client asked for. */
import { encode } from 'fast-png';

export interface Samples {
  readonly seed: number;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A near-square grid of gray images; -1 is black, 1 white. */
export function png({ shape, data }: Samples): Buffer {
  const [count, , h, w] = shape as [number, number, number, number];
  const columns = Math.ceil(Math.sqrt(count));
  const width = columns * w;
  const height = Math.ceil(count / columns) * h;
  const pixels = new Uint8ClampedArray(width * height);
  data.forEach((value, i) => {
    const image = Math.floor(i / (h * w));
    const y = Math.floor(image / columns) * h + (Math.floor(i / w) % h);
    const x = (image % columns) * w + (i % w);
    pixels[y * width + x] = (value + 1) * 127.5;
  });
  return Buffer.from(encode({ width, height, channels: 1, depth: 8, data: pixels }));
}

/** NumPy's file format, version 1.0: little-endian float32 in C order. */
export function npy({ shape, data }: Samples): Buffer {
  const fields = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const length = Math.ceil((10 + fields.length + 1) / 64) * 64 - 10;
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, length & 0xff, length >> 8]);
  const header = Buffer.from(`${fields.padEnd(length - 1)}\n`);
  return Buffer.concat([prefix, header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

export function json({ seed, shape, data }: Samples): Buffer {
  return Buffer.from(JSON.stringify({ seed, shape, data: Array.from(data) }));
}

export const FORMATS = { 'image/png': png, 'application/json': json, 'application/x-npy': npy };
export const MEDIA_TYPES = Object.keys(FORMATS) as (keyof typeof FORMATS)[];
