/** The same test files on the simulated CUDA device (tests/cuda-sim/README.md), and those that steer it. */
import type { Config } from 'jest';
import config from './jest.config';

/** What is left out, and why; everything else runs on both devices. */
const NOT_ON_CUDA = [
  // Nothing of them reaches a device.
  'cli/(figures|labels|npy|picture|table)',
  'config/.*',
  'noise',
  'package/.*',
  'property/options',
  'samplers-doc',
  'time-grid',
  // Their subject is the CPU: what the doctor says of it, commands that name it, its views, its allocations, its bench.
  'bench',
  'cli/(demo|doctor|sample)',
  'fault/addon-allocations',
  'tensor',
  // Builds addons of its own, with and without CUDA.
  'driver/.*',
  // Needs what nvcc emits: jest.ptx.config.ts.
  'ptx/.*',
];

const simulated = {
  ...config,
  testEnvironment: '<rootDir>/tests/support/cuda-sim-environment.ts',
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: NOT_ON_CUDA.map((name) => `<rootDir>/tests/${name}\\.test\\.ts$`),
} satisfies Config;

export default simulated;
