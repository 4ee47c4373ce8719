/** How a script ends when it cannot go on: one sentence, no stack, exit code 1. */
'use strict';

module.exports = function stop(sentence) {
  process.stderr.write(`\ndiffusion-samplers: ${sentence}.\n\n`);
  process.exit(1);
};
