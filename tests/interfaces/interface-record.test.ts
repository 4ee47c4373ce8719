import { edmRecord, SIT, type InterfaceRecord, type Prediction } from '../../src';
import { prediction } from '../../src/interfaces/interface-record';
import { VP_EPS_RECORD } from '../support/records';
import { conditional, exactDenoiser, exactVelocity } from '../support/mixture';

const x = Float64Array.of(0.3, -0.7, 1.1, 0.2);

/** All predictions of a mixture at (x, t) from the two that are written independently. */
function exact(record: InterfaceRecord, t: number): Record<Prediction, Float64Array> {
  const { a, s } = record.path;
  const times = Float64Array.of(t);
  const denoised = exactDenoiser(conditional, record.path)(x, times);
  const noise = x.map((xi, i) => (xi - a(t) * (denoised[i] as number)) / s(t));
  return {
    velocity: exactVelocity(conditional, record.path)(x, times),
    denoised,
    noise,
    score: noise.map((n) => -n / s(t)),
  };
}

/** What a network that is exact would put out. */
function output(record: InterfaceRecord, t: number): Float64Array {
  const all = exact(record, t);
  const c = record.preconditioning;
  switch (record.predicts) {
    case 'v':
      return all.velocity;
    case 'eps':
      return all.noise;
    case 'x0':
      return all.denoised;
    case 'F':
      return x.map((xi, i) => ((all.denoised[i] as number) - (c?.cSkip(t) as number) * xi) / (c?.cOut(t) as number));
  }
}

const records: InterfaceRecord[] = [SIT, edmRecord(), VP_EPS_RECORD, { ...SIT, name: 'SiT x0', predicts: 'x0' }];

describe.each(records.map((record) => [record.name, record] as const))('%s', (_, record) => {
  it.each(['velocity', 'denoised', 'noise', 'score'] as const)('derives the exact %s from the exact output', (kind) => {
    for (const t of [0.1, 0.4, 0.9]) {
      const { p, q } = prediction(record, kind, t);
      const y = output(record, t);
      const want = exact(record, t)[kind];
      x.forEach((xi, i) => expect(p * xi + q * (y[i] as number)).toBeCloseTo(want[i] as number, 10));
    }
  });
});

test('the score of SiT is -(x + (1 - t) v) / t', () => {
  const { p, q } = prediction(SIT, 'score', 0.25);
  expect([p, q]).toEqual([-4, -3]);
});

test('a network that predicts the velocity is used as it is, also where the path is singular', () => {
  expect(prediction(SIT, 'velocity', 0)).toEqual({ p: 0, q: 1 });
});
