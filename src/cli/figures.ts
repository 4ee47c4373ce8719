/** Numbers for people: three significant digits, thousands apart, a unit behind. */

function significant(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: Math.min(digits, 6) });
}

/** 1234567 -> '1,234,567' */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** 1, 'step' -> '1 step'; 1200, 'step' -> '1,200 steps' */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** 12.34 -> '12.3 s', 133 -> '2 min 13 s' */
export function seconds(value: number): string {
  if (value < 100) return `${significant(value)} s`;
  const whole = Math.round(value);
  return `${count(Math.floor(whole / 60))} min ${whole % 60} s`;
}

/** 5.234 -> '5.23 samples/s' */
export function rate(samples: number, elapsedSeconds: number): string {
  return `${significant(samples / elapsedSeconds)} samples/s`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** 1234567 -> '1.23 MB', decimal units */
export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  return `${significant(value / 1000 ** power)} ${UNITS[power]}`;
}

/** 0.96875 -> '0.96875': at most six significant digits, as plans print them. */
export function coordinate(value: number): string {
  return String(Number(value.toPrecision(6)));
}
