/** Labels as the command line spells them. */
import { parseLabels, repeatLabels } from '../../src/cli/labels';
import { InvalidArgumentError } from '../../src/errors';

test.each([
  ['3', [3]],
  ['0,1,2', [0, 1, 2]],
  ['0-9', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ['7, 0-2,7', [7, 0, 1, 2, 7]],
  ['5-5', [5]],
])('%p is read as a list', (text, labels) => {
  expect(parseLabels(text)).toEqual(labels);
});

test.each(['', ',', '1,', 'a', '-1', '1.5', '9-0', '1-2-3', '0x1', '99999999999999999'])(
  '%p is refused by name',
  (text) => {
    expect(() => parseLabels(text)).toThrow(InvalidArgumentError);
    expect(() => parseLabels(text)).toThrow('for `--labels` but received');
  },
);

test('a range that would fill the memory is refused', () => {
  expect(() => parseLabels('0-999999999')).toThrow('at most 1000000 labels');
  expect(parseLabels('1-1000000')).toHaveLength(1_000_000);
});

test('labels repeat until every row has one, and stop there', () => {
  expect(repeatLabels([4, 5, 6], 7)).toEqual([4, 5, 6, 4, 5, 6, 4]);
  expect(repeatLabels([4, 5, 6], 2)).toEqual([4, 5]);
});
