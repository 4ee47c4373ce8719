/** How the tests run: TypeScript through ts-jest with its diagnostics, on the CPU, against the addon that was built. */
import type { Config } from 'jest';

/** With TESTS_WITHOUT_TYPES=1 each file is transpiled for itself, which is sooner: for runs beside `npm run typecheck`. */
const tsconfig = process.env['TESTS_WITHOUT_TYPES'] ? 'tsconfig.transpile.json' : 'tsconfig.json';

const config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts', '!**/{docs,fault}/cuda-*.test.ts', '!**/ptx/*.test.ts'],
  // 151002 asks for isolatedModules, which would turn the type diagnostics off.
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig, diagnostics: { ignoreCodes: [151002] } }] },
  // Copies of package.json and of sources lie in the build folders.
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist'],
  testTimeout: 120_000,
  maxWorkers: 2,
} satisfies Config;

export default config;
