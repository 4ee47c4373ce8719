/**
 * Counts a CI run and prints it as the last line: ci-count.cjs JEST_JSON VARIANTS_JSON [FAILED_STEP...].
 * Passed are jest's tests; failed are jest's tests, suites that did not run, and every other step that failed.
 */
'use strict';
const { existsSync, readFileSync } = require('node:fs');

const [jestFile, variantsFile, ...steps] = process.argv.slice(2);
const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null);
const jest = read(jestFile);
const variants = read(variantsFile);

const passed = jest?.numPassedTests ?? 0;
const skipped = (jest?.numPendingTests ?? 0) + (jest?.numTodoTests ?? 0) + (variants?.skipped.length ?? 0);
const jestFailed = (jest?.numFailedTests ?? 0) + (jest?.numRuntimeErrorTestSuites ?? 0);
// These two steps are counted by what failed in them, unless they left no count.
const others = steps.filter((step) => !(step === 'tests' && jestFailed > 0) && !(step === 'variants' && variants));
const failed =
  jestFailed +
  (variants?.failed.length ?? 0) +
  others.length +
  (passed + jestFailed === 0 && steps.length === 0 ? 1 : 0);

console.log('');
if (steps.length > 0) console.log(`failed steps: ${steps.join(', ')}`);
if (passed === 0) console.log('no test passed');
console.log(`tests: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
