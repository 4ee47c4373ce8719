/** The .npy format, read back by its own rules. */
import { encodeNpy } from '../../src/cli/npy';

/** Reads the format as its specification (NEP 1) describes it. */
function decode(bytes: Buffer): { header: string; offset: number; values: number[] } {
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]));
  const offset = 10 + bytes.readUInt16LE(8);
  const values = Array.from({ length: (bytes.length - offset) / 4 }, (_, i) => bytes.readFloatLE(offset + 4 * i));
  return { header: bytes.toString('latin1', 10, offset), offset, values };
}

test('values and shape come back', () => {
  const { header, values } = decode(encodeNpy(Float32Array.of(1, -2, 0.5, 4, 5, 6), [2, 3]));
  expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$/);
  expect(values).toEqual([1, -2, 0.5, 4, 5, 6]);
});

test.each([[[1]], [[12345]], [[2, 1, 28, 28]], [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]])(
  'the data of shape %p begin at a multiple of 64',
  (shape) => {
    const size = shape.reduce((n, d) => n * d, 1);
    expect(decode(encodeNpy(new Float32Array(size), shape)).offset % 64).toBe(0);
  },
);

test('one dimension is spelled as the tuple of one that it is', () => {
  expect(decode(encodeNpy(new Float32Array(3), [3])).header).toContain("'shape': (3,),");
});

test('a view into a larger buffer writes only what it views', () => {
  const whole = Float32Array.of(9, 1, 2, 9);
  expect(decode(encodeNpy(whole.subarray(1, 3), [2])).values).toEqual([1, 2]);
});
