/** Each step as a loop over typed arrays: what one would write without any library. */
'use strict';
const serve = require('./serve.cjs');

const [W, T, DT, SDE] = [2, 0.5, -0.01, 0.5];
const SPREAD = Math.sqrt(SDE * Math.abs(DT));

function normals(out) {
  for (let i = 0; i < out.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    const angle = 2 * Math.PI * Math.random();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

function makeStep(name, rows, elements) {
  const n = rows * elements;
  const [x, u1, v1, u2, v2, x1, z, out] = Array.from({ length: 8 }, () => normals(new Float32Array(n)));
  const maruyama = (guided) => () => {
    normals(z);
    for (let i = 0; i < n; i++) {
      const v = guided ? u1[i] + W * (v1[i] - u1[i]) : v1[i];
      const score = -((1 - T) * v + x[i]) / T;
      out[i] = x[i] + DT * (v - (SDE / 2) * score) + SPREAD * z[i];
    }
  };
  const steps = {
    normals: () => normals(out),
    'euler-guided': () => {
      for (let i = 0; i < n; i++) out[i] = x[i] + DT * (u1[i] + W * (v1[i] - u1[i]));
    },
    'heun-guided': () => {
      for (let i = 0; i < n; i++) x1[i] = x[i] + DT * (u1[i] + W * (v1[i] - u1[i]));
      for (let i = 0; i < n; i++) {
        const d1 = u1[i] + W * (v1[i] - u1[i]);
        const d2 = u2[i] + W * (v2[i] - u2[i]);
        out[i] = x[i] + (DT / 2) * (d1 + d2);
      }
    },
    'euler-maruyama': maruyama(false),
    'euler-maruyama-guided': maruyama(true),
  };
  return steps[name];
}

serve(makeStep);
