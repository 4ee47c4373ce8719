/** Compiles noise-exhaustive.cc and runs it: the accuracy figures of docs/noise-v1.md, in about a minute on one core. */
'use strict';
require('./exhaustive.cjs')(
  'noise-exhaustive',
  'measure the noise',
  'the accuracy of the noise was not measured; the first error is in the output above',
);
