import type { Device } from '../../src';
import {
  EulerJumpSampler,
  EulerSampler,
  HeunSampler,
  InvalidArgumentError,
  MeanFlowInterface,
  OnnxNet,
  Rng,
  SiTInterface,
  type NetworkFunction,
} from '../../src';
import { openDevice } from '../support/device';
import { interpret, type Network64 } from '../support/interpret';
import {
  conditional,
  exactVelocity,
  goldenCase,
  guide,
  maxDifference,
  solve,
  unitStart,
  unitStart64,
  type Mixture64,
} from '../support/mixture';
import { mixtureFunction } from '../support/networks';
import { tinyModel } from '../support/tiny-onnx';

const never = (): never => {
  throw new Error('a plan calls no network');
};
const start = { data: unitStart, shape: [8, 4] };

let device: Device;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
});
afterAll(() => device.dispose());

/** An exact flow map: the average velocity of the true trajectory from t to r. */
function flowMap(mixture: Mixture64): Network64 {
  const velocity = exactVelocity(mixture);
  return (x, t, r) => {
    const [from, to] = [t[0] as number, r?.[0] as number];
    if (from === to) return velocity(x, t);
    return solve(velocity, x, t.length, from, to, 400).map((end, i) => (end - (x[i] as number)) / (to - from));
  };
}

test('one jump or many along an exact flow map reach the exact solution', async () => {
  const exact = solve(exactVelocity(conditional), unitStart64, 8, 1, 0, 4000);
  for (const numSamplingSteps of [1, 2, 7]) {
    const plan = await new EulerJumpSampler({ numSamplingSteps }).plan(new MeanFlowInterface(never), start);
    expect(plan.evaluations).toBe(numSamplingSteps);
    const end = interpret(plan, { networks: [flowMap(conditional)], state: unitStart64 });
    expect(maxDifference(end, exact)).toBeLessThan(1e-6);
  }
});

test('gives the numbers of diffuse_nnx', async () => {
  const velocity = exactVelocity(conditional);
  const middle: Network64 = (x, t, r) =>
    velocity(
      x,
      t.map((time, i) => (time + (r?.[i] as number)) / 2),
    );
  const plan = await new EulerJumpSampler({ numSamplingSteps: 2 }).plan(new MeanFlowInterface(never), start, {
    init: 'noise',
  });
  const result = interpret(plan, { networks: [middle], state: unitStart64 });
  expect(maxDifference(result, goldenCase('upstream/euler_jump/meanflow-mid/2').result)).toBeLessThan(1e-12);
});

test.each(['r', 't-r'] as const)('a JavaScript network sees t and %s', async (secondTime) => {
  const seen: [number, number][] = [];
  const network: NetworkFunction = ({ x, t, r, out }) => {
    seen.push([t[0] as number, r?.[0] as number]);
    out.set(x);
  };
  const net = new MeanFlowInterface(network, { secondTime });
  await new EulerJumpSampler({ numSamplingSteps: 2 }).sample(new Rng(1), net, [1, 2], { device });
  await new EulerSampler({ numSamplingSteps: 1 }).sample(new Rng(1), net, [1, 2], { device });
  expect(seen).toEqual(
    secondTime === 'r'
      ? [
          [1, 0.5],
          [0.5, 0],
          [1, 1],
        ]
      : [
          [1, 0.5],
          [0.5, 0.5],
          [1, 0],
        ],
  );
});

test('an ONNX network sees both times', async () => {
  const bytes = tinyModel(
    [
      { name: 'x', shape: ['n', 4] },
      { name: 't', shape: ['n'] },
      { name: 'r', shape: ['n'] },
    ],
    [
      { op: 'Sub', inputs: ['t', 'r'], output: 'length' },
      { op: 'Unsqueeze', inputs: ['length'], output: 'column', attributes: [{ name: 'axes', ints: [1] }] },
      { op: 'Mul', inputs: ['x', 'column'], output: 'u' },
    ],
    [{ name: 'u', shape: ['n', 4] }],
  );
  const sampler = new EulerJumpSampler({ timeGrid: [1, 0.5, 0.25] });
  const network = await OnnxNet.load(bytes, { device, r: 'r' });
  const ours = await (await sampler.sample(new Rng(1), new MeanFlowInterface(network), start)).data();
  const same = new MeanFlowInterface(({ x, t, r, out }) =>
    out.set(x.map((v, i) => v * ((t[i >> 2] as number) - (r?.[i >> 2] as number)))),
  );
  expect(ours).toEqual(await (await sampler.sample(new Rng(1), same, start, { device })).data());
  // Its role has to fit the interface, either way.
  await expect(new EulerSampler().sample(new Rng(1), new SiTInterface(network), start)).rejects.toThrow(/second|r/);
  const plain = await OnnxNet.load(bytes, { device });
  const flow = new MeanFlowInterface(plain);
  await expect(sampler.sample(new Rng(1), flow, start)).rejects.toThrow(/`netKwargs.r`|second/);
});

test('guidance is honoured, in every jump and the last', async () => {
  const [c, u] = [flowMap(conditional), flowMap(guide)];
  const net = new MeanFlowInterface(never);
  const gNet = new MeanFlowInterface(() => never());
  for (const numSamplingSteps of [1, 2]) {
    const plan = await new EulerJumpSampler({ numSamplingSteps }).plan(net, start, { gNet, guidanceScale: 2.5 });
    expect(plan.evaluations).toBe(2 * numSamplingSteps);
    const end = interpret(plan, { networks: [c, u], state: unitStart64 });
    let x: Float64Array = unitStart64.slice();
    for (let k = 0; k < numSamplingSteps; k++) {
      const [t, r] = [1 - k / numSamplingSteps, 1 - (k + 1) / numSamplingSteps].map((v) =>
        new Float64Array(8).fill(v),
      ) as [Float64Array, Float64Array];
      const [a, b] = [c(x, t, r), u(x, t, r)];
      x = x.map((v, i) => v - ((b[i] as number) + 2.5 * ((a[i] as number) - (b[i] as number))) / numSamplingSteps);
    }
    expect(maxDifference(end, x)).toBeLessThan(1e-12);
  }
});

test('ordinary samplers on a MeanFlow network use u(x, t, t): the bits of SiT', async () => {
  const velocity = mixtureFunction(conditional);
  for (const sampler of [new EulerSampler({ numSamplingSteps: 5 }), new HeunSampler({ numSamplingSteps: 5 })]) {
    const flow = new MeanFlowInterface((call) => {
      expect(call.r).toEqual(call.t);
      return velocity(call);
    });
    const a = await (await sampler.sample(new Rng(2), flow, [8, 4], { device })).data();
    const b = await (await sampler.sample(new Rng(2), new SiTInterface(velocity), [8, 4], { device })).data();
    expect(a).toEqual(b);
  }
});

test('a net that is no flow map is refused by name', async () => {
  const attempt = new EulerJumpSampler().plan(new SiTInterface(never), [1, 4]);
  await expect(attempt).rejects.toThrow(InvalidArgumentError);
  await expect(attempt).rejects.toThrow(/a flow map.*`net`.*'SiT'/);
  expect(() => new MeanFlowInterface(never, { secondTime: 'dt' as never })).toThrow(/`secondTime`/);
});
