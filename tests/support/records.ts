/** Further interface records: any parametrisation is data. */
import { edmRecord, type InterfaceRecord } from '../../src';

/** The same path with a network that gives the clean sample itself. */
export const VE_X0_RECORD: InterfaceRecord = {
  name: 'VE x0 record',
  path: edmRecord().path,
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
