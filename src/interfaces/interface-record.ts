/** An interface is data: path, what the network predicts, preconditioning, clock. All predictions follow from it once. */

/** Path x_t = a(t) x0 + s(t) n with its derivatives. */
export interface Path {
  readonly a: (t: number) => number;
  readonly s: (t: number) => number;
  /** da/dt */
  readonly da: (t: number) => number;
  /** ds/dt */
  readonly ds: (t: number) => number;
}

/** What the network sees and how its output enters D = cSkip x + cOut F(cIn x, cNoise). */
export interface Preconditioning {
  readonly cIn: (t: number) => number;
  readonly cSkip: (t: number) => number;
  readonly cOut: (t: number) => number;
  readonly cNoise: (t: number) => number;
}

/** A parametrisation as a record. Times are in the interface's own clock everywhere. */
export interface InterfaceRecord {
  readonly name: string;
  readonly path: Path;
  /** The network's output: velocity, noise, clean sample, or F of the preconditioning. */
  readonly predicts: 'v' | 'eps' | 'x0' | 'F';
  /** Required for 'F'; for the others cIn and cNoise default to 1 and t. */
  readonly preconditioning?: Preconditioning;
  /** Times a grid may contain, ends included. */
  readonly range: { readonly min: number; readonly max: number };
  /** Times at which the network cannot be evaluated; a grid may only end there. */
  readonly singular?: readonly number[];
  /** For flow maps: the network sees a second time, the end r of the jump, or its length t - r. */
  readonly secondTime?: 'r' | 't-r';
}

/** What samplers ask for. */
export type Prediction = 'velocity' | 'score' | 'denoised' | 'noise';

/** A prediction as p·x + q·y, with x the state and y the network's output. */
export interface AffinePrediction {
  p: number;
  q: number;
}

/** What the network is asked with: `scale`·x at `time`, and for a flow map a second time. */
export interface NetworkInput {
  scale: number;
  time: number;
  secondTime: number | undefined;
}

/** @param r Where a flow map goes; the instantaneous prediction is that of r = t. */
export function networkInput(record: InterfaceRecord, t: number, r: number): NetworkInput {
  const c = record.preconditioning;
  const clock = (time: number): number => (c === undefined ? time : c.cNoise(time));
  const second = { r: clock(r), 't-r': t - r };
  return {
    scale: c === undefined ? 1 : c.cIn(t),
    time: clock(t),
    secondTime: record.secondTime === undefined ? undefined : second[record.secondTime],
  };
}

/** The clean sample and the noise from the network's output y, each as p·x + q·y, where they exist. */
function basis(record: InterfaceRecord, t: number): { d: AffinePrediction; eps: AffinePrediction } {
  const { path, predicts, preconditioning } = record;
  const [a, s, da, ds] = [path.a(t), path.s(t), path.da(t), path.ds(t)];
  const w = a * ds - da * s;
  switch (predicts) {
    case 'v':
      return { d: { p: ds / w, q: -s / w }, eps: { p: -da / w, q: a / w } };
    case 'eps':
      return { d: { p: 1 / a, q: -s / a }, eps: { p: 0, q: 1 } };
    case 'x0':
      return { d: { p: 0, q: 1 }, eps: { p: 1 / s, q: -a / s } };
    case 'F': {
      if (preconditioning === undefined) throw new TypeError(`${record.name} predicts F and has no preconditioning`);
      const d = { p: preconditioning.cSkip(t), q: preconditioning.cOut(t) };
      return { d, eps: { p: (1 - a * d.p) / s, q: (-a * d.q) / s } };
    }
  }
}

/**
 * Any prediction from the network's output: with W = a s' - a' s,
 * D = (s' x - s v)/W, eps = (a v - a' x)/W, v = a' D + s' eps, score = -eps/s.
 */
export function prediction(record: InterfaceRecord, kind: Prediction, t: number): AffinePrediction {
  if (kind === 'velocity' && record.predicts === 'v') return { p: 0, q: 1 };
  const { d, eps } = basis(record, t);
  const { path } = record;
  switch (kind) {
    case 'denoised':
      return d;
    case 'noise':
      return eps;
    case 'score':
      return { p: -eps.p / path.s(t), q: -eps.q / path.s(t) };
    case 'velocity': {
      const [da, ds] = [path.da(t), path.ds(t)];
      return { p: da * d.p + ds * eps.p, q: da * d.q + ds * eps.q };
    }
  }
}
