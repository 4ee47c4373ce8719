/**
 * How the tests run: TypeScript through ts-jest with its diagnostics, against the addon that was built (`cpu`), and the
 * same files once more on the simulated CUDA device (`cuda-sim`; tests/cuda-sim/README.md).
 */
import type { Config } from 'jest';

const project = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  // 151002 asks for isolatedModules, which would turn the type diagnostics off.
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json', diagnostics: { ignoreCodes: [151002] } }] },
  // Copies of package.json and of sources lie in the build folders.
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist'],
} satisfies Config;

/** What the second project leaves out, and why; everything else runs on both devices. */
const NOT_ON_CUDA = [
  // Nothing of them reaches a device.
  'cli/(figures|labels|npy|picture|table)',
  'config',
  'noise',
  'package/.*',
  'samplers-doc',
  'time-grid',
  // Their subject is the CPU: what the doctor says of it, commands that name it, its views, its allocations, its bench.
  'bench',
  'cli/(demo|doctor|sample)',
  'fault/addon-allocations',
  'tensor',
  // Builds addons of its own, with and without CUDA.
  'driver/.*',
];

const config: Config = {
  projects: [
    { ...project, displayName: 'cpu', testPathIgnorePatterns: ['/tests/fault/cuda-'] },
    {
      ...project,
      displayName: 'cuda-sim',
      testEnvironment: '<rootDir>/tests/support/cuda-sim-environment.ts',
      testPathIgnorePatterns: NOT_ON_CUDA.map((name) => `<rootDir>/tests/${name}\\.test\\.ts$`),
    },
  ],
  testTimeout: 120_000,
  maxWorkers: 2,
};

export default config;
