/** Compiles half-exhaustive.cc and runs it: every conversion of float16 and bfloat16, in a minute or two on one core. */
'use strict';
require('./exhaustive.cjs')(
  'half-exhaustive',
  'check the conversions',
  'not every conversion is right, or it was not checked; the output above says which',
);
