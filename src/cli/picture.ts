/** Samples as one picture: a near-square grid of gray or RGB images. */
import { expected } from '../errors';

export { encodePng } from './png';

export interface ImageSize {
  channels: 1 | 3;
  height: number;
  width: number;
}

export interface GridOptions {
  /** Images side by side (default: as many as make the grid nearly square). */
  columns?: number;
  /** Pixels per value, in both directions (default 1). */
  scale?: number;
  /** Black pixels between images and around the grid (default 2). */
  gap?: number;
}

export interface Picture {
  width: number;
  height: number;
  channels: 1 | 3;
  /** [height, width, channels] */
  pixels: Uint8ClampedArray;
}

/** @throws InvalidArgumentError where a row is not an image. */
export function imageSize(rowShape: readonly number[], option = '--out'): ImageSize {
  const [channels, height, width] = rowShape.length === 2 ? [1, ...rowShape] : rowShape;
  const isImage = rowShape.length === 2 || (rowShape.length === 3 && (channels === 1 || channels === 3));
  if (!isImage || !height || !width) {
    const wanted = 'samples of [height, width], [1, height, width] or [3, height, width] where it ends in .png';
    throw expected(wanted, option, rowShape, 'Write other shapes as .npy.');
  }
  return { channels: channels as 1 | 3, height, width };
}

/** Lays images [n, c, h, w] out row by row; -1 becomes black, 1 white, and what lies beyond is clamped. */
export function drawGrid(data: Float32Array, shape: readonly number[], options: GridOptions = {}): Picture {
  const [count, ...rowShape] = shape as [number, ...number[]];
  const { channels, height: h, width: w } = imageSize(rowShape);
  const { columns = Math.ceil(Math.sqrt(count)), scale = 1, gap = 2 } = options;
  const lines = Math.ceil(count / columns);
  const width = columns * (w * scale + gap) + gap;
  const height = lines * (h * scale + gap) + gap;
  const pixels = new Uint8ClampedArray(width * height * channels);
  for (let image = 0; image < count; image++) {
    const left = gap + (image % columns) * (w * scale + gap);
    const top = gap + Math.floor(image / columns) * (h * scale + gap);
    for (let y = 0; y < h * scale; y++) {
      for (let x = 0; x < w * scale; x++) {
        const from = image * channels * h * w + Math.floor(y / scale) * w + Math.floor(x / scale);
        const to = ((top + y) * width + left + x) * channels;
        for (let c = 0; c < channels; c++) pixels[to + c] = ((data[from + c * h * w] as number) + 1) * 127.5;
      }
    }
  }
  return { width, height, channels, pixels };
}
