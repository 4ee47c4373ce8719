/** Prints what `require('diffusion-samplers')` takes in a fresh process: milliseconds of the processor, and by the clock. */
'use strict';
const [started, used] = [performance.now(), process.cpuUsage()];
require('diffusion-samplers');
const { user, system } = process.cpuUsage(used);
console.log(JSON.stringify({ processor: (user + system) / 1000, clock: performance.now() - started }));
