/** How the tests run: TypeScript through ts-jest with its diagnostics, on the CPU, against the addon that was built. */
import type { Config } from 'jest';

const config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts', '!**/{docs,fault}/cuda-*.test.ts', '!**/ptx/*.test.ts'],
  // 151002 asks for isolatedModules, which would turn the type diagnostics off.
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json', diagnostics: { ignoreCodes: [151002] } }] },
  // Copies of package.json and of sources lie in the build folders.
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist'],
  testTimeout: 120_000,
  maxWorkers: 2,
} satisfies Config;

export default config;
