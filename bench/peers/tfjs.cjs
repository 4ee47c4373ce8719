/** Each step in TensorFlow.js, on its wasm backend where that is installed, else on plain JavaScript. */
'use strict';
const serve = require('./serve.cjs');

const [W, T, DT, SDE] = [2, 0.5, -0.01, 0.5];
const SPREAD = Math.sqrt(SDE * Math.abs(DT));

function load() {
  try {
    return require('@tensorflow/tfjs');
  } catch {
    return null;
  }
}

function makeStep(tf, name, rows, elements) {
  const [x, u1, v1, u2, v2] = Array.from({ length: 5 }, () => tf.randomNormal([rows, elements]));
  const guided = (u, v) => u.add(v.sub(u).mul(W));
  const maruyama = (v) => {
    const score = v
      .mul(1 - T)
      .add(x)
      .div(-T);
    const drift = v.sub(score.mul(SDE / 2));
    return x.add(drift.mul(DT)).add(tf.randomNormal([rows, elements]).mul(SPREAD));
  };
  const steps = {
    normals: () => tf.randomNormal([rows, elements]),
    'euler-guided': () => x.add(guided(u1, v1).mul(DT)),
    'heun-guided': () => {
      const d1 = guided(u1, v1);
      const x1 = x.add(d1.mul(DT));
      const d2 = guided(u2, v2);
      return [x1, x.add(d1.add(d2).mul(DT / 2))];
    },
    'euler-maruyama': () => maruyama(v1),
    'euler-maruyama-guided': () => maruyama(guided(u1, v1)),
  };
  // Both backends compute at once; nothing has to be fetched for it.
  return () => void tf.tidy(() => void steps[name]());
}

async function main() {
  const tf = load();
  if (tf === null) return serve(null, 'TensorFlow.js: not installed; npm install --no-save @tensorflow/tfjs');
  try {
    require('@tensorflow/tfjs-backend-wasm');
    await tf.setBackend('wasm');
  } catch {
    await tf.setBackend('cpu');
  }
  serve((...args) => makeStep(tf, ...args));
}

void main();
