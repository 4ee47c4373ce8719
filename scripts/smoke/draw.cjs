/** What the smoke scripts draw: a network in JavaScript and a Gaussian mixture, as one digest of their bits. */
'use strict';
const { createHash } = require('node:crypto');

/** Samples with the package's exports, and returns a digest; throws where values are not what they must be. */
module.exports = async function drawSmoke({ EulerSampler, GaussianMixtureNet, HeunSampler, Rng, SiTInterface }) {
  const digest = createHash('sha256');
  const take = async (run, length) => {
    const tensor = await run;
    const values = await tensor.data();
    tensor.dispose();
    if (values.length !== length || !values.every(Number.isFinite)) throw new Error('the samples are not finite');
    digest.update(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    return values;
  };
  // v of data that are all zero: every sample ends at zero.
  const zero = new SiTInterface(({ x, t, out }) => {
    for (let i = 0; i < x.length; i++) out[i] = x[i] / Math.max(t[0], 1e-3);
  });
  const zeros = await take(new EulerSampler({ numSamplingSteps: 8 }).sample(new Rng(1), zero, [4, 2]), 8);
  if (!zeros.every((value) => Math.abs(value) < 0.01)) throw new Error('the samples of zero data are not zero');

  const mixture = GaussianMixtureNet.create({ weights: [1, 1], means: [[-1], [1]], deviations: [0.1, 0.1] });
  const sampler = new HeunSampler({ numSamplingSteps: 16 });
  const drawn = await take(sampler.sample(new Rng(2), new SiTInterface(mixture), [1000, 1]), 1000);
  const near = drawn.filter((value) => Math.abs(Math.abs(value) - 1) < 0.5).length;
  if (near < 990) throw new Error(`only ${near} of 1000 samples lie at the two modes`);
  return digest.digest('hex').slice(0, 16);
};
