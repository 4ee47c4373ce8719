/** Columns stand below one another. */
import { pairs, table } from '../../src/cli/table';

test('cells are padded to the widest of their column, numbers to the right', () => {
  const lines = table(
    [{ title: 'name' }, { title: 'n', align: 'right' }, { title: 'note' }],
    [
      ['a', '1', 'short'],
      ['longer', '100', ''],
      ['', '', 'only'],
    ],
  );
  expect(lines).toEqual(['name      n  note', 'a         1  short', 'longer  100', '             only']);
});

test('pairs align their values', () => {
  expect(
    pairs([
      ['a', '1'],
      ['long', '2'],
    ]),
  ).toEqual(['a     1', 'long  2']);
});
