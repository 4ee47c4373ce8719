/** Text in columns. */

export interface Column {
  title: string;
  align?: 'left' | 'right';
}

/** Lines of a table with a title line; columns two spaces apart, without trailing spaces. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map((column) => column.title);
  const widths = titles.map((title, i) =>
    rows.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), title.length),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, i) => {
        const cell = cells[i] ?? '';
        return align === 'right' ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number);
      })
      .join('  ')
      .trimEnd();
  return [line(titles), ...rows.map(line)];
}

/** Lines 'name  value' with the values below one another. */
export function pairs(entries: readonly (readonly [name: string, value: string])[]): string[] {
  const width = entries.reduce((most, [name]) => Math.max(most, name.length), 0);
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd());
}
