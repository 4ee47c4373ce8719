/** Which of the media types on offer a client wants, by its Accept header. */

interface Range {
  readonly type: string;
  readonly quality: number;
}

function rangesOf(header: string): Range[] {
  return header.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = q === undefined ? 1 : Number(q.slice(2));
    return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
  });
}

/** The most specific range that covers the type decides. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  for (const pattern of [type, `${type.split('/', 1)[0]}/*`, '*/*']) {
    const range = ranges.find((candidate) => candidate.type === pattern);
    if (range !== undefined) return range.quality;
  }
  return 0;
}

/** The offer that is wanted most, the first of equals; undefined where none is acceptable. */
export function preferred<T extends string>(header: string | undefined, offers: readonly T[]): T | undefined {
  const ranges = rangesOf(header ?? '*/*');
  const rated = offers.map((offer) => ({ offer, quality: qualityOf(offer, ranges) }));
  const best = rated.reduce((a, b) => (b.quality > a.quality ? b : a));
  return best.quality > 0 ? best.offer : undefined;
}
