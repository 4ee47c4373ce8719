/** The contract suite on the PTX that nvcc emitted, and faults planted there (tests/ptx/README.md): npm run test:ptx. */
import type { Config } from 'jest';
import simulated from './jest.sim.config';

const ptx = {
  ...simulated,
  testEnvironment: '<rootDir>/tests/support/ptx-environment.ts',
  testMatch: ['**/samplers/contract.test.ts', '**/ptx/*.test.ts'],
  testPathIgnorePatterns: [],
} satisfies Config;

export default ptx;
