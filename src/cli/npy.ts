/** Arrays as .npy, the file format of NumPy (version 1.0, little-endian float32, C order). */
const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
const ALIGNMENT = 64;

/** A tuple as Python writes it: (), (3,), (3, 4). */
function tuple(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
}

/** The bytes of a .npy file. `data` is [n, ...] flat. */
export function encodeNpy(data: Float32Array, shape: readonly number[]): Buffer {
  const fields = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple(shape)}, }`;
  const used = MAGIC.length + 2 + fields.length + 1;
  const padding = (ALIGNMENT - (used % ALIGNMENT)) % ALIGNMENT;
  const header = Buffer.from(`${fields}${' '.repeat(padding)}\n`, 'latin1');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([MAGIC, length, header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}
