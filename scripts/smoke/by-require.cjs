/** Samples with the package that `require` finds from this folder, and prints the digest. */
'use strict';
const drawSmoke = require('./draw.cjs');

drawSmoke(require('diffusion-samplers')).then(console.log);
