/** Plots of growth as SVG: points, the line through them, and both scales from zero. */
import { digits, type Figure } from './section';

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [380, 250, 62, 14, 34, 46];
const COLUMNS = 2;

const escape = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** Round numbers from 0 to just beyond `most`. */
function ticks(most: number): number[] {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough) as number;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => i * step);
}

const short = (value: number): string => (value >= 1e4 ? `${Number((value / 1e3).toPrecision(3))}k` : `${value}`);

function panel(figure: Figure, column: number, row: number): string {
  const { unit, x, y, intercept, slope } = figure.series as NonNullable<Figure['series']>;
  const xs = ticks(Math.max(...x));
  const inMs = Math.max(...y) >= 1e4;
  const scale = inMs ? 1e-3 : 1;
  const ys = ticks(Math.max(...y) * scale);
  const [xMost, yMost] = [xs.at(-1) as number, ys.at(-1) as number];
  const px = (value: number): string => (LEFT + (value / xMost) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (value: number): string => (HEIGHT - BOTTOM - (value / yMost) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const line = (value: number): number => (intercept + slope * value) * scale;
  const residual = figure.values['worst residual, %'] as number;
  return [
    `<g transform="translate(${column * WIDTH} ${row * HEIGHT})">`,
    `<text class="title" x="${LEFT}" y="16">${escape(figure.name)}</text>`,
    `<text x="${LEFT}" y="${TOP - 4}">worst residual ${digits(residual)} %</text>`,
    ...ys.map(
      (v) =>
        `<path class="grid" d="M${px(0)} ${py(v)}H${px(xMost)}"/>` +
        `<text class="end" x="${LEFT - 6}" y="${Number(py(v)) + 4}">${short(Number(v.toPrecision(6)))}</text>`,
    ),
    ...xs.map((v) => `<text class="middle" x="${px(v)}" y="${HEIGHT - BOTTOM + 16}">${short(v)}</text>`),
    `<text class="middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}">${escape(unit)}</text>`,
    `<text class="middle" transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">${inMs ? 'ms' : 'µs'}</text>`,
    `<path class="fit" d="M${px(0)} ${py(Math.max(line(0), 0))}L${px(xMost)} ${py(line(xMost))}"/>`,
    ...x.map((v, i) => `<circle cx="${px(v)}" cy="${py((y[i] as number) * scale)}" r="3.5"/>`),
    '</g>',
  ].join('\n');
}

const STYLE =
  'text{font:12px sans-serif;fill:#333}.title{font-weight:bold;font-size:13px}.end{text-anchor:end}' +
  '.middle{text-anchor:middle}.grid{stroke:#ddd;fill:none}.fit{stroke:#c44e52;stroke-width:1.5;fill:none}circle{fill:#4c72b0}';

export function growthPlot(figures: readonly Figure[]): string {
  const drawn = figures.filter((figure) => figure.series !== undefined);
  const rows = Math.ceil(drawn.length / COLUMNS);
  const [width, height] = [COLUMNS * WIDTH, rows * HEIGHT];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...drawn.map((figure, i) => panel(figure, i % COLUMNS, Math.floor(i / COLUMNS))),
    '</svg>',
    '',
  ].join('\n');
}
