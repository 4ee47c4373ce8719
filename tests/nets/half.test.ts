import { onnx } from 'onnx-proto';
import {
  Device,
  EDMInterface,
  EulerJumpSampler,
  EulerMaruyamaSampler,
  EulerSampler,
  HeunSampler,
  MeanFlowInterface,
  NumericalError,
  OnnxModel,
  OnnxNet,
  Rng,
  SiTInterface,
  type Net,
  type NetworkCall,
  type Samplers,
  type SlotDtype,
  type StepState,
} from '../../src';
import { rounded } from '../support/half';
import { unitStart } from '../support/mixture';
import { Ab2Sampler } from '../support/own-samplers';
import { castingModel, FLOAT_TYPES, tinyModel, type FloatType } from '../support/tiny-onnx';

let device: Device;
beforeAll(async () => {
  device = await Device.open('cpu', { threads: 1 });
});
afterAll(() => device.dispose());

const rng = new Rng(3);
const SHAPE = [8, 4];
const start = { data: unitStart, shape: SHAPE };

/** What `castingModel` computes, as a float32 network that rounds in the same places. */
function sameInJavaScript(input: SlotDtype, output: SlotDtype, factor = 1, time: SlotDtype = 'float32') {
  return ({ x, t, out }: NetworkCall): void => {
    x.forEach((value, i) => {
      const wide = Math.fround(rounded(input, value) * rounded(time, t[Math.floor(i / 4)] as number));
      out[i] = rounded(output, Math.fround(wide * Math.fround(factor)));
    });
  };
}

const onnxNet = (x: FloatType, output: FloatType, factor = 1, t: FloatType = 'float32') =>
  OnnxNet.load(castingModel(4, x, output, { t, factor }), { device });

const bitsOf = async (data: Promise<Float32Array>): Promise<Uint32Array> => new Uint32Array((await data).buffer);

const TYPES: [FloatType, FloatType][] = [
  ['float16', 'float16'],
  ['bfloat16', 'bfloat16'],
  ['float32', 'float16'],
  ['bfloat16', 'float32'],
  ['float16', 'bfloat16'],
];

const SAMPLERS: [string, () => Samplers][] = [
  ['Euler', () => new EulerSampler({ numSamplingSteps: 5 })],
  ['Heun', () => new HeunSampler({ numSamplingSteps: 5 })],
  ['Euler-Maruyama', () => new EulerMaruyamaSampler({ numSamplingSteps: 5, diffusionCoeff: 'linear' })],
  ["a user's Ab2", () => new Ab2Sampler({ numSamplingSteps: 5 })],
];

describe.each(TYPES)('a network from %s to %s', (input, output) => {
  it.each(SAMPLERS)('%s has the bits of a float32 network that rounds in the same places', async (_, make) => {
    const net = new SiTInterface(await onnxNet(input, output));
    const same = new SiTInterface(sameInJavaScript(input, output));
    for (const x of [SHAPE, start]) {
      using ours = await make().sample(rng, net, x, { device });
      using theirs = await make().sample(rng, same, x, { device });
      expect(await bitsOf(ours.data())).toEqual(await bitsOf(theirs.data()));
    }
  });

  it('a preconditioned input is rounded from the float32 product', async () => {
    const options = { device };
    const sampler = new HeunSampler({ timeGrid: [10, 4, 1, 0.2, 0] });
    const ours = sampler.sample(rng, new EDMInterface(await onnxNet(input, output, 0.3)), SHAPE, options);
    const theirs = sampler.sample(rng, new EDMInterface(sameInJavaScript(input, output, 0.3)), SHAPE, options);
    expect(await bitsOf((await ours).data())).toEqual(await bitsOf((await theirs).data()));
  });

  it.each([
    ['SiT', (net: OnnxNet): Net => new SiTInterface(net), [1, 0.7, 0.4, 0.2, 0]],
    ['EDM', (net: OnnxNet): Net => new EDMInterface(net), [10, 4, 1, 0.2, 0]],
  ] as const)('%s: sample, trajectory, steps and a resumed run agree bit for bit', async (_, wrap, timeGrid) => {
    const net = wrap(await onnxNet(input, output, 0.3));
    const gNet = wrap(await onnxNet('bfloat16', 'float16', 0.2));
    const options = { device, gNet, guidanceScale: [1, 2, 3, 1, 2, 0, 1, 2] };
    const sampler = new HeunSampler({ timeGrid });
    const plain = await bitsOf((await sampler.sample(rng, net, SHAPE, options)).data());
    const run = sampler.sample(rng, net, SHAPE, { ...options, trajectory: { denoised: true } });
    expect(await bitsOf((await run).data())).toEqual(plain);
    const { states } = await run.trajectory();
    let state: StepState = { x: states[0] as StepState['x'], carry: {} };
    for (let index = 0; index < 4; index++) {
      state = await sampler.step(rng, net, state, { index, ...options });
      expect(await bitsOf(state.x.data())).toEqual(await bitsOf((states[index + 1] as StepState['x']).data()));
    }
    const rest = new HeunSampler({ timeGrid: timeGrid.slice(2) });
    const resumed = rest.sample(rng, net, states[2] as StepState['x'], options);
    expect(await bitsOf((await resumed).data())).toEqual(plain);
  });
});

it('a guide may read and write another dtype than the network it guides', async () => {
  const options = (gNet: Net) => ({ device, gNet, guidanceScale: [1, 2, 3, 1, 2, 0, 1, 2] });
  const net = new SiTInterface(await onnxNet('float16', 'bfloat16'));
  const gNet = new SiTInterface(await onnxNet('bfloat16', 'float32', 0.5));
  const [same, gSame] = [sameInJavaScript('float16', 'bfloat16'), sameInJavaScript('bfloat16', 'float32', 0.5)];
  for (const [, make] of SAMPLERS) {
    const ours = await make().sample(rng, net, start, options(gNet));
    const theirs = await make().sample(rng, new SiTInterface(same), start, options(new SiTInterface(gSame)));
    expect(await bitsOf(ours.data())).toEqual(await bitsOf(theirs.data()));
  }
});

it.each(['float32', 'float16', 'bfloat16'] as const)('a flow map may have its second time in %s', async (time) => {
  const model = castingModel(4, 'float16', 'bfloat16', { r: time });
  const net = new MeanFlowInterface(await OnnxNet.load(model, { device, r: 'r' }));
  const same = new MeanFlowInterface(({ r, ...call }) =>
    sameInJavaScript('float16', 'bfloat16', 1, time)({ ...call, r, t: r as Float32Array }),
  );
  const sampler = new EulerJumpSampler({ numSamplingSteps: 7 });
  const ours = await sampler.sample(rng, net, SHAPE, { device });
  const theirs = await sampler.sample(rng, same, SHAPE, { device });
  expect(await bitsOf(ours.data())).toEqual(await bitsOf(theirs.data()));
});

it('times of half the width are rounded too', async () => {
  for (const time of ['float16', 'bfloat16'] as const) {
    const net = new SiTInterface(await onnxNet('float16', 'float16', 1, time));
    const same = new SiTInterface(sameInJavaScript('float16', 'float16', 1, time));
    const sampler = new EulerSampler({ numSamplingSteps: 7 });
    const ours = await sampler.sample(rng, net, SHAPE, { device });
    const theirs = await sampler.sample(rng, same, SHAPE, { device });
    expect(await bitsOf(ours.data())).toEqual(await bitsOf(theirs.data()));
  }
});

it('every lane gives the same bits', async () => {
  const sampled = async (lanes: 'scalar' | 'auto'): Promise<Uint32Array> => {
    using other = await Device.open('cpu', { threads: 1, lanes });
    const model = castingModel(77, 'float16', 'bfloat16');
    const net = new SiTInterface(await OnnxNet.load(model, { device: other }));
    return await bitsOf((await new HeunSampler({ numSamplingSteps: 4 }).sample(rng, net, [3, 77])).data());
  };
  expect(await sampled('auto')).toEqual(await sampled('scalar'));
});

describe('the plan', () => {
  it('names the dtype of a buffer, and counts its bytes', async () => {
    const sampler = new EulerSampler({ numSamplingSteps: 3 });
    const half = await sampler.plan(new SiTInterface(await onnxNet('float16', 'bfloat16')), SHAPE);
    const text = half.toString();
    expect(text).toContain('on b1:float16: b2:bfloat16 = ');
    expect(text).toMatch(/combine b0 = 1·b0 \+ -0\.333333·b2:bfloat16; b1:float16 = 1·b0/);
    expect(half.data.slots.map((slot) => slot.dtype)).toEqual(['float32', 'float16', 'bfloat16']);
    expect(half.workspaceBytes).toBe(32 * (4 + 2 + 2));
    // The start writes x and its rounded copy; a step reads x and v and writes both, the last one x alone.
    expect(half.bytes).toBe(32 * (4 + 2 + 2 * (4 + 2 + 4 + 2) + (4 + 2 + 4)));
    expect(half.passes).toBe(4);
    const single = await sampler.plan(new SiTInterface(await onnxNet('float32', 'float32')), SHAPE);
    expect(single.bytes).toBe(32 * (4 + 3 * 12));
    expect(single.toString()).not.toContain(':float');
  });

  it('holds in memory what it says', async () => {
    const peak = async (x: FloatType, output: FloatType): Promise<number> => {
      using alone = await Device.open('cpu', { threads: 1 });
      const net = new SiTInterface(await OnnxNet.load(castingModel(1000, x, output), { device: alone }));
      (await new EulerSampler({ numSamplingSteps: 2 }).sample(rng, net, [100, 1000])).dispose();
      return alone.memory().peakBytes;
    };
    const single = await peak('float32', 'float32');
    const tables = 2_000; // what they may differ by
    expect(Math.abs((await peak('float32', 'float16')) - (single - 200_000))).toBeLessThan(tables);
    // A float32 network reads the state itself; this one reads a copy of half the width.
    expect(Math.abs((await peak('float16', 'float16')) - single)).toBeLessThan(tables);
  });

  it('makes an input once for networks of one dtype, and in one pass for several', async () => {
    const sampler = new HeunSampler({ numSamplingSteps: 3 });
    const net = new SiTInterface(await onnxNet('float16', 'float16'));
    const kinds = async (x: FloatType): Promise<string[]> => {
      const gNet = new SiTInterface(await onnxNet(x, 'float16'));
      const plan = await sampler.plan(net, SHAPE, { gNet, guidanceScale: 2 });
      return (
        plan.data.programs[1]?.stages.map((s) => (s.kind === 'evaluate' ? s.calls.length : s.kind)).map(String) ?? []
      );
    };
    expect(await kinds('float16')).toEqual(['2', 'combine', '2', 'combine']);
    expect(await kinds('bfloat16')).toEqual(['1', '1', 'combine', '1', '1', 'combine']);
  });
});

describe('what is not finite', () => {
  const run = async (net: OnnxNet, data: number) => {
    const x = { data: new Float32Array(32).fill(data, 12, 16), shape: SHAPE };
    const sampler = new EulerSampler({ numSamplingSteps: 4 });
    return sampler.sample(rng, new SiTInterface(net), x, { device }).then(
      () => undefined,
      (error: unknown) => error as NumericalError,
    );
  };

  it.each(['float16', 'bfloat16'] as const)('a %s network that overflows is named', async (dtype) => {
    const error = await run(await onnxNet(dtype, dtype, dtype === 'float16' ? 100 : 3e38), 1000);
    expect(error).toBeInstanceOf(NumericalError);
    expect([error?.step, error?.row, error?.network]).toEqual([0, 3, 'OnnxNet']);
  });

  it('an input beyond float16 is the update overflowing, not the network', async () => {
    const error = await run(await onnxNet('float16', 'float32'), 65520);
    expect(error).toBeInstanceOf(NumericalError);
    expect([error?.step, error?.row, error?.network]).toEqual([0, 3, undefined]);
    expect(await run(await onnxNet('float16', 'float32'), 65519)).toBeUndefined();
    expect(await run(await onnxNet('bfloat16', 'float32'), 65520)).toBeUndefined();
  });
});

describe('other tensors of half the width', () => {
  const model = (dtype: FloatType) =>
    tinyModel(
      [
        { name: 'x', shape: ['n', 4], dtype: FLOAT_TYPES[dtype] },
        { name: 't', shape: ['n'] },
        { name: 'shift', shape: ['n', 4], dtype: FLOAT_TYPES[dtype] },
      ],
      [
        { op: 'Cast', inputs: ['x'], output: 'wide x', to: onnx.TensorProto.DataType.FLOAT },
        { op: 'Cast', inputs: ['shift'], output: 'wide shift', to: onnx.TensorProto.DataType.FLOAT },
        { op: 'Add', inputs: ['wide x', 'wide shift'], output: 'sum' },
        { op: 'Cast', inputs: ['sum'], output: 'v', to: FLOAT_TYPES[dtype] },
      ],
      [{ name: 'v', shape: ['n', 4], dtype: FLOAT_TYPES[dtype] }],
      [],
      13,
    );
  const numbers = Float32Array.of(1 / 3, -1e-6, 1234.567, Number.NaN);

  it.each(['float16', 'bfloat16'] as const)('%s: single runs take and give float32', async (dtype) => {
    using loaded = await OnnxModel.load(model(dtype), { device });
    expect(loaded.inputs.map((port) => port.dtype)).toEqual([dtype, 'float32', dtype]);
    const { v } = await loaded.run({ x: numbers, t: [0], shift: [0.1, 0, 2, 0] });
    const expected = [...numbers].map((x, i) =>
      rounded(dtype, Math.fround(rounded(dtype, x) + rounded(dtype, Math.fround([0.1, 0, 2, 0][i] as number)))),
    );
    expect([...(v?.data as Float32Array)]).toEqual(expected);
  });

  it.each(['float16', 'bfloat16'] as const)('%s: conditioning is rounded as it is bound', async (dtype) => {
    const shift = Float32Array.from({ length: 32 }, (_, i) => i / 7);
    const net = new SiTInterface(await OnnxNet.load(model(dtype), { device }));
    const same = new SiTInterface(({ x, out }) => {
      x.forEach((value, i) => {
        out[i] = rounded(dtype, Math.fround(rounded(dtype, value) + rounded(dtype, shift[i] as number)));
      });
    });
    const sampler = new EulerSampler({ numSamplingSteps: 3 });
    const ours = await sampler.sample(rng, net, start, { device, netKwargs: { shift } });
    const theirs = await sampler.sample(rng, same, start, { device });
    expect(await bitsOf(ours.data())).toEqual(await bitsOf(theirs.data()));
  });
});
