/** The tests of the simulated CUDA device on a real one: what `npm run check:gpu` runs. */
import type { Config } from 'jest';
import simulated from './jest.sim.config';

/** They steer the simulated device. */
const SIMULATED_ALONE = ['/tests/fault/cuda-', '/tests/docs/cuda-'];

const gpu = {
  ...simulated,
  testEnvironment: '<rootDir>/tests/support/cuda-environment.ts',
  testPathIgnorePatterns: [...simulated.testPathIgnorePatterns, ...SIMULATED_ALONE],
} satisfies Config;

export default gpu;
