import { join } from 'node:path';
import { HeunSampler, OnnxModel, OnnxNet, Rng, SiTInterface } from '../../src';
import { fewerOnCuda, openDevice } from '../support/device';

const MODELS = join(__dirname, '../../models');
const NULL_LABEL = 10;

test('of 200 guided samples (w = 2, Heun 16) the classifier agrees with the label asked for at least 95 %', async () => {
  using device = await openDevice();
  const net = new SiTInterface(await OnnxNet.load(join(MODELS, 'digits-sit.onnx'), { device }));
  using classifier = await OnnxModel.load(join(MODELS, 'digits-classifier.onnx'), { device });
  const labels = Array.from({ length: fewerOnCuda(200, 5) }, (_, i) => i % 10);
  using digits = await new HeunSampler({ numSamplingSteps: 16 }).sample(
    new Rng(2024),
    net,
    [labels.length, 1, 28, 28],
    {
      gNet: net,
      guidanceScale: 2,
      netKwargs: { y: labels },
      gNetKwargs: { y: NULL_LABEL },
    },
  );
  const { logits } = await classifier.run({ x: await digits.data() });
  const scores = logits?.data as Float32Array;
  const agreed = labels.filter((label, i) => {
    const row = scores.subarray(10 * i, 10 * i + 10);
    return row.indexOf(Math.max(...row)) === label;
  });
  expect(agreed.length).toBeGreaterThanOrEqual(0.95 * labels.length);
}, 300_000);
