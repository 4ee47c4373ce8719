/** Numbers as people read them. */
import { bytes, coordinate, count, rate, seconds } from '../../src/cli/figures';

test.each([
  [0.00123, '0.00123 s'],
  [0.4567, '0.457 s'],
  [5, '5 s'],
  [12.345, '12.3 s'],
  [99.99, '100 s'],
  [133.4, '2 min 13 s'],
  [119.9, '2 min 0 s'],
])('%p seconds are %p', (value, text) => {
  expect(seconds(value)).toBe(text);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [200704, '201 kB'],
  [1234567, '1.23 MB'],
  [5e9, '5 GB'],
])('%p bytes are %p', (value, text) => {
  expect(bytes(value)).toBe(text);
});

test('rates, counts and times on the grid', () => {
  expect(rate(64, 12.3)).toBe('5.2 samples/s');
  expect(rate(10000, 1)).toBe('10,000 samples/s');
  expect(count(1234567)).toBe('1,234,567');
  expect([1, 0.96875, 1 / 3].map(coordinate)).toEqual(['1', '0.96875', '0.333333']);
});
