import { EulerMaruyamaSampler, SiTInterface } from '../../src';
import { lowerNumbers } from '../../src/plan/lower';

test.each([
  ['in one piece', 3],
  ['in several pieces of whole records', 12_345],
])('the numbers of %s are rounded coefficients, draw indices as they stand, and times', async (_, rows) => {
  const net = new SiTInterface(() => undefined);
  const gNet = new SiTInterface(() => undefined);
  const guidanceScale = Float64Array.from({ length: rows }, (__, row) => 1 + row / 7);
  const sampler = new EulerMaruyamaSampler({ numSamplingSteps: 3, samplingTimeKwargs: { tStart: 0.99 } });
  const plan = await sampler.plan(net, [rows, 1], { gNet, guidanceScale });
  const { words, times } = await lowerNumbers(plan, undefined);
  const floats = new Float32Array(words.buffer);

  let [word, time, draws] = [0, 0, 0];
  for (const entry of plan.data.entries) {
    const { words: record, drawWords } = plan.data.programs[entry.program] as (typeof plan.data.programs)[number];
    for (const [i, number] of entry.numbers.entries()) {
      const isDraw = drawWords.includes(i % record);
      if (isDraw) draws++;
      const lowered = isDraw ? words[word++] : floats[word++];
      if (lowered !== (isDraw ? number : Math.fround(number))) {
        throw new Error(`word ${i} of step ${entry.step} is ${lowered}, of ${number}`);
      }
    }
    for (const t of entry.times) if (times[time++] !== Math.fround(t)) throw new Error(`a time of step ${entry.step}`);
  }
  expect([word, time]).toEqual([words.length, times.length]);
  expect(draws).toBeGreaterThan(rows);
});
