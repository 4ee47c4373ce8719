/** What a step costs beyond its network: the engine's loop, a run from Node, and the same loop in JavaScript. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Device, EulerSampler, OnnxNet, Rng, SiTInterface } from '../../src/index';
import { execute, rowSeeds } from '../../src/execute';
import { checkRequest } from '../../src/options';
import { buildPlan } from '../../src/plan/build-plan';
import { onnxLibrary } from '../../src/nets/onnx-library';
import { tinyModel, productModel } from '../../tests/support/tiny-onnx';
import { programFile, ROOT, withEngine } from '../engine';
import { atMost, type Figure, type Section, type Target } from '../section';
import { interleave, spreadOf } from '../spread';

const WIDTH = 784;

/** v = W x, one layer: the least that one would call a network. It reads t without using it. */
function layerModel(): Uint8Array {
  const values = Array.from({ length: WIDTH * WIDTH }, (_, i) => ((i * 7919) % 1009) / 1009 / WIDTH);
  return tinyModel(
    [
      { name: 'x', shape: ['n', WIDTH] },
      { name: 't', shape: ['n'] },
    ],
    [
      { op: 'MatMul', inputs: ['x', 'w'], output: 'y' },
      { op: 'Unsqueeze', inputs: ['t'], output: 'column', attributes: [{ name: 'axes', ints: [1] }] },
      { op: 'Mul', inputs: ['y', 'column'], output: 'v' },
    ],
    [{ name: 'v', shape: ['n', WIDTH] }],
    [{ name: 'w', shape: [WIDTH, WIDTH], values }],
  );
}

const MODELS = [
  { name: 'x · t', bytes: (): Uint8Array => productModel(WIDTH) },
  { name: 'one layer', bytes: layerModel },
];

/** Seconds of a step of Euler's method as one writes it over onnxruntime-node. */
async function javascriptLoop(file: string, rows: number): Promise<(() => Promise<number>) | undefined> {
  const ort = await import('onnxruntime-node').catch(() => undefined);
  if (ort === undefined) return undefined;
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1 });
  const x = new Float32Array(rows * WIDTH).fill(0.5);
  const steps = rows > 64 ? 4 : 40;
  return async () => {
    const begin = performance.now();
    for (let step = 0; step < steps; step++) {
      const t = new Float32Array(rows).fill(1 - step / steps);
      const feeds = { x: new ort.Tensor('float32', x, [rows, WIDTH]), t: new ort.Tensor('float32', t, [rows]) };
      const v = (await session.run(feeds))['v']?.data as Float32Array;
      for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) - (v[i] as number) / steps;
    }
    return (performance.now() - begin) / 1e3 / steps;
  };
}

/**
 * Seconds of a step of a run from Node whose plan is made, from two runs of different length: what a run costs once is
 * not in it. What planning costs is a section of its own.
 */
async function runFromNode(net: OnnxNet, device: Device, rows: number): Promise<() => Promise<number>> {
  const [short, long] = rows > 64 ? [4, 12] : [50, 550];
  const request = checkRequest(new SiTInterface(net), [rows, WIDTH], { device });
  const taker = async (steps: number): Promise<() => Promise<number>> => {
    const sampler = new EulerSampler({ numSamplingSteps: steps });
    const { plan, evaluators } = await buildPlan(sampler, request, sampler.sampleT(request.net.record));
    const seeds = rowSeeds(plan, new Rng(1), request);
    const about = { device, plan, evaluators: evaluators.list, guideKwargs: {}, seeds, starts: [], results: [0] };
    return async () => {
      const begin = performance.now();
      const results = await execute({ ...about, graph: true, signal: undefined });
      const seconds = (performance.now() - begin) / 1e3;
      results.forEach((result) => result.release());
      return seconds;
    };
  };
  const [few, many] = [await taker(short), await taker(long)];
  return async () => {
    const first = await few();
    return ((await many()) - first) / (long - short);
  };
}

export const loop: Section = async (settings) => {
  const figures: Figure[] = [];
  const targets: Target[] = [];
  const missing: string[] = [];
  const folder = join(ROOT, 'build-bench');
  mkdirSync(folder, { recursive: true });
  const library = onnxLibrary(undefined);
  const device = await Device.open('cpu', { threads: 1 });
  await withEngine(1, settings.quick ? 10 : 30, async (engine) => {
    for (const [i, { name, bytes }] of MODELS.entries()) {
      const file = join(folder, `network-${i}.onnx`);
      writeFileSync(file, bytes());
      const net = await OnnxNet.load(file, { device, threads: 1 });
      for (const rows of [1, 64, 1024]) {
        const about = `rows=${rows} elements=${WIDTH} model=${file} library=${library}`;
        const ask = (line: string) => async (): Promise<number> => (await engine.ask(line)).seconds;
        const javascript = await javascriptLoop(file, rows);
        if (javascript === undefined && missing.length === 0) missing.push('onnxruntime-node: not installed');
        const samples = await interleave<string>(settings.rounds, {
          network: ask(`network ${about}`),
          pass: ask(`combine inputs=2 rows=${rows} elements=${WIDTH}`),
          engine: ask(`replay program=${programFile('euler')} ${about}`),
          node: await runFromNode(net, device, rows),
          ...(javascript === undefined ? {} : { javascript }),
        });
        engine.tell('forget');
        const own = samples['network'] as number[];
        const beyond = (source: string) =>
          spreadOf((samples[source] as number[]).map((s, round) => (s - (own[round] as number)) * 1e6));
        const share = spreadOf((samples['engine'] as number[]).map((s, j) => (s / (own[j] as number) - 1) * 100));
        figures.push({
          name: `${name}, batch ${rows}`,
          values: {
            'network µs': spreadOf(own.map((s) => s * 1e6)),
            'engine, µs beyond': beyond('engine'),
            'of it the pass': spreadOf((samples['pass'] as number[]).map((s) => s * 1e6)),
            'engine, % beyond': share,
            'from Node, µs beyond': beyond('node'),
            ...(javascript === undefined ? {} : { 'JavaScript loop, µs beyond': beyond('javascript') }),
          },
        });
        if (rows === 1) {
          targets.push(atMost(`${name}, batch 1, engine`, beyond('engine').median, 8, 'µs'));
          targets.push(atMost(`${name}, batch 1, from Node`, beyond('node').median, 8, 'µs'));
        }
        if (rows === 1024 && name === 'one layer') {
          targets.push(atMost(`${name}, batch 1024, engine`, share.median, 2, '%'));
        }
      }
      net.dispose();
    }
  });
  device.dispose();
  return { title: 'A step beyond its network', figures, targets, missing };
};
