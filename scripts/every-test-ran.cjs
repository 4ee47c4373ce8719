/** Whether every test of a jest report ran: one that was skipped or is still to be written has not, and is named. */
'use strict';

module.exports = function everyTestRan(report) {
  const left = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ status, fullName }) => `${status}: ${fullName} (${name})`),
  );
  for (const line of left) console.log(`did not run, which counts as a failure: ${line}`);
  console.log(`${report.numPassedTests} tests passed, ${report.numFailedTests} failed, ${left.length} did not run`);
  return left.length === 0 && report.numPassedTests > 0;
};
