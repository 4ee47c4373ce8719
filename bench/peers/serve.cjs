/** Answers lines `case rows elements milliseconds` with the seconds of one step; shared by the peers in JavaScript. */
'use strict';
const { createInterface } = require('node:readline');

function secondsOf(step, milliseconds) {
  step(); // warms up
  let count = 0;
  const begin = performance.now();
  let taken = 0;
  while (taken < milliseconds || count < 2) {
    step();
    count++;
    taken = performance.now() - begin;
  }
  return taken / 1e3 / count;
}

/** `makeStep(case, rows, elements)` gives a function that takes one step. `missing`: why there is none. */
module.exports = function serve(makeStep, missing) {
  let known = { key: '', step: null };
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [name, rows, elements, milliseconds] = line.split(' ');
    let answer;
    try {
      const key = `${name} ${rows} ${elements}`;
      if (name !== 'hello' && known.key !== key) known = { key, step: makeStep(name, Number(rows), Number(elements)) };
      answer = name === 'hello' ? { missing } : { seconds: secondsOf(known.step, Number(milliseconds)) };
    } catch (error) {
      answer = { error: error.message };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
};
