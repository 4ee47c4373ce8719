/** The grid of images, pixel by pixel, and its PNG. */
import { decode } from 'fast-png';
import { drawGrid, encodePng, imageSize, type Picture } from '../../src/cli/picture';
import { InvalidArgumentError } from '../../src/errors';

/** Rows of gray values. */
function gray({ pixels, width, height }: Picture): number[][] {
  return Array.from({ length: height }, (_, y) => Array.from(pixels.subarray(y * width, (y + 1) * width)));
}

test('values from -1 to 1 become 0 to 255, and what lies beyond or is NaN is clamped', () => {
  const { pixels } = drawGrid(Float32Array.of(-1, 0, 1, -7, 7, NaN), [1, 1, 6], { gap: 0 });
  expect(Array.from(pixels)).toEqual([0, 128, 255, 0, 255, 0]);
});

test('images stand row by row with gaps between and around them', () => {
  const ones = new Float32Array(3).fill(1);
  expect(gray(drawGrid(ones, [3, 1, 1, 1], { gap: 1 }))).toEqual([
    [0, 0, 0, 0, 0],
    [0, 255, 0, 255, 0],
    [0, 0, 0, 0, 0],
    [0, 255, 0, 0, 0],
    [0, 0, 0, 0, 0],
  ]);
});

test('lines are filled from the left, and columns can be asked for', () => {
  const five = Float32Array.of(-1, -0.5, 0, 0.5, 1);
  expect(gray(drawGrid(five, [5, 1, 1, 1], { gap: 0 }))).toEqual([
    [0, 64, 128],
    [191, 255, 0],
  ]);
  expect(gray(drawGrid(five, [5, 1, 1, 1], { gap: 0, columns: 5 }))).toEqual([[0, 64, 128, 191, 255]]);
});

test('scale repeats every value in both directions', () => {
  expect(gray(drawGrid(Float32Array.of(-1, 1), [1, 1, 2], { scale: 2, gap: 0 }))).toEqual([
    [0, 0, 255, 255],
    [0, 0, 255, 255],
  ]);
});

test('three planes become interleaved RGB', () => {
  const planes = Float32Array.of(1, -1, -1, 1, -1, -1);
  const { pixels, channels } = drawGrid(planes, [1, 3, 1, 2], { gap: 0 });
  expect(channels).toBe(3);
  expect(Array.from(pixels)).toEqual([255, 0, 0, 0, 255, 0]);
});

test.each([
  [1, 1, 1],
  [2, 2, 1],
  [5, 3, 2],
  [9, 3, 3],
  [10, 4, 3],
  [64, 8, 8],
])('%p images make a grid of %p by %p', (count, columns, lines) => {
  const { width, height } = drawGrid(new Float32Array(count), [count, 1, 1, 1], { gap: 0 });
  expect([width, height]).toEqual([columns, lines]);
});

test.each([
  [[1, 4, 5], 1],
  [[3, 4, 5], 3],
])('a PNG of samples %p comes back as it was drawn', (rowShape, channels) => {
  const size = 2 * rowShape.reduce((n, d) => n * d, 1);
  const picture = drawGrid(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
    [2, ...rowShape],
  );
  const png = decode(encodePng(picture));
  expect([png.width, png.height, png.channels, png.depth]).toEqual([picture.width, picture.height, channels, 8]);
  expect(Array.from(png.data)).toEqual(Array.from(picture.pixels));
  expect(encodePng(picture)).toEqual(encodePng(picture));
});

test.each([[[784]], [[2, 4, 4]], [[1, 1, 4, 4]], [[1, 0, 4]], [[]]])('samples of %p are no image', (rowShape) => {
  expect(() => imageSize(rowShape)).toThrow(InvalidArgumentError);
  expect(() => imageSize(rowShape)).toThrow('Write other shapes as .npy.');
});
