/** A straight line through measured points. */

export interface Line {
  intercept: number;
  slope: number;
  /** Largest distance of a point from the line, as a part of the line there. */
  residual: number;
}

/** Least squares with relative weights: a small point counts as much as a large one. */
export function fit(x: readonly number[], y: readonly number[]): Line {
  let [w, wx, wxx, wy, wxy] = [0, 0, 0, 0, 0];
  x.forEach((xi, i) => {
    const yi = y[i] as number;
    const weight = 1 / yi ** 2;
    w += weight;
    wx += weight * xi;
    wxx += weight * xi * xi;
    wy += weight * yi;
    wxy += weight * xi * yi;
  });
  const slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
  const intercept = (wy - slope * wx) / w;
  const residual = Math.max(...x.map((xi, i) => Math.abs((y[i] as number) / (intercept + slope * xi) - 1)));
  return { intercept, slope, residual };
}
