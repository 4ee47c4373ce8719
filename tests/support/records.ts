/** Further interface records: any parametrisation is data. */
import type { InterfaceRecord } from '../../src';

const SD = 0.5;
const norm = (t: number): number => Math.sqrt(t * t + SD * SD);

/** x = x0 + sigma n with the preconditioning of Karras et al. 2022, table 1. */
export const EDM_RECORD: InterfaceRecord = {
  name: 'EDM record',
  path: { a: () => 1, s: (t) => t, da: () => 0, ds: () => 1 },
  predicts: 'F',
  preconditioning: {
    cIn: (t) => 1 / norm(t),
    cSkip: (t) => (SD * SD) / (t * t + SD * SD),
    cOut: (t) => (t * SD) / norm(t),
    cNoise: (t) => Math.log(t) / 4,
  },
  range: { min: 0, max: 1000 },
};

/** The same path with a network that gives the clean sample itself. */
export const VE_X0_RECORD: InterfaceRecord = {
  name: 'VE x0 record',
  path: EDM_RECORD.path,
  predicts: 'x0',
  range: { min: 0, max: 1000 },
};

/** a = cos, s = sin of a quarter turn, predicting the noise. */
export const VP_EPS_RECORD: InterfaceRecord = {
  name: 'VP eps record',
  path: {
    a: (t) => Math.cos((Math.PI / 2) * t),
    s: (t) => Math.sin((Math.PI / 2) * t),
    da: (t) => (-Math.PI / 2) * Math.sin((Math.PI / 2) * t),
    ds: (t) => (Math.PI / 2) * Math.cos((Math.PI / 2) * t),
  },
  predicts: 'eps',
  range: { min: 0, max: 0.999 },
};
