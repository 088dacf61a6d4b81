// Prints how many tests passed, failed and were skipped, of vitest's JSON report.
import { existsSync, readFileSync } from 'node:fs';

const [, , file] = process.argv;
if (!existsSync(file)) {
  console.log('0 1 0'); // the run ended before it could report: that is a failure
} else {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
  ).length;
  const counted = report.numFailedTests + broken;
  // An error outside of any test fails the run too, and vitest counts it nowhere.
  const failed = report.success ? counted : Math.max(1, counted);
  console.log(report.numPassedTests, failed, report.numPendingTests + report.numTodoTests);
}
