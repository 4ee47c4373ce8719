/** Spellings of keys: snake_case and camelCase, and which name was probably meant. */

const LONGEST = 64;

/** num_sampling_steps -> numSamplingSteps; camelCase stays. */
export function toCamel(key: string): string {
  return key.replace(/(?<=[^_])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** numSamplingSteps -> num_sampling_steps; snake_case stays. */
export function toSnake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function loose(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The one of `names` that `text` is, case and underscores ignored. */
export function matching(text: string, names: readonly string[]): string | undefined {
  if (names.includes(text)) return text;
  if (text.length > LONGEST) return undefined;
  const plain = (name: string): string => name.replaceAll('_', '').toLowerCase();
  return names.find((name) => plain(name) === plain(text));
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] as number) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The one of `names` that `text` is a near miss of: a few letters off, or some of its words. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  if (text.length > LONGEST) return undefined;
  const written = loose(text);
  if (written === '') return undefined;
  const ranked = names
    .map((name) => ({ name, off: distance(written, loose(name)) }))
    .sort((left, right) => left.off - right.off);
  const best = ranked.find(({ name, off }) => off <= Math.min(3, Math.floor(loose(name).length / 3)));
  if (best !== undefined) return best.name;
  const words = toSnake(text).split(/[_-]/);
  return names.find((name) => words.every((word) => word !== '' && toSnake(name).split(/[_-]/).includes(word)));
}
