/** Class labels from the command line: '3', '0,1,2', '0-9' and mixtures of these, repeated over the batch. */
import { expected } from '../errors';

const MAX_LABELS = 1_000_000;
const PART = /^(\d{1,15})(?:-(\d{1,15}))?$/;

/** @throws InvalidArgumentError naming `option` where the text is not a list of labels and ascending ranges. */
export function parseLabels(text: string, option = '--labels'): number[] {
  const refuse = () => expected("labels such as '3', '0,1,2' or '0-9'", option, text);
  const labels: number[] = [];
  for (const part of text.split(',')) {
    const match = PART.exec(part.trim());
    if (match === null) throw refuse();
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first) throw refuse();
    if (labels.length + last - first >= MAX_LABELS) throw expected(`at most ${MAX_LABELS} labels`, option, text);
    for (let label = first; label <= last; label++) labels.push(label);
  }
  return labels;
}

/** One label per row: the list again and again. */
export function repeatLabels(labels: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, row) => labels[row % labels.length] as number);
}
