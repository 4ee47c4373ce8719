/** Everything that must hold before a change goes in, in one go; names each part that failed. --static leaves the tests out. */
'use strict';
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

const parts = ['format:check', 'format:native', 'lint', 'typecheck'];
if (!process.argv.includes('--static')) parts.push('test');

const failed = parts.filter((part) => {
  console.log(`\n== ${part}`);
  return spawnSync('npm', ['run', '--silent', part], { cwd: join(__dirname, '..'), stdio: 'inherit' }).status !== 0;
});
console.log(failed.length === 0 ? '\ncheck: all passed' : `\ncheck: failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
