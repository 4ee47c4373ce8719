/** The addon's border where a wrong answer would be a crash: called directly, and in processes of its own. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onnxLibrary } from '../src/nets/onnx-library';
import { native, type NativePlan, type RunHandlers } from '../src/native';
import { nativeOpening, onCuda } from './support/device';
import { tinyModel } from './support/tiny-onnx';

const addon = native();
const chosen = process.env['DIFFUSION_SAMPLERS_ADDON'];
const FILE = [chosen ?? '', 'build/Release/diffusion_samplers.node', 'build/Debug/diffusion_samplers.node']
  .filter((path) => path !== '')
  .map((path) => resolve(join(__dirname, '..'), path))
  .find((path) => existsSync(path)) as string;
const LANES = addon.cpu.lanes[0] as string;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'native-addon-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const open = (threads = 1) => addon.openDevice(...nativeOpening(threads, LANES));
const silent: RunHandlers = { network: () => {}, progress: () => {}, done: () => {} };

/** `steps` times x' = network(x); the network is JavaScript's, or else a mixture. */
function plan(steps: number, rows = 1, elements = 4, preview = -1): NativePlan {
  return {
    rows,
    elements,
    rowShape: [elements],
    slots: ['float32', 'float32'],
    programs: [
      {
        words: 1,
        times: 1,
        stages: [
          { kind: 'evaluate', input: 0, time: 0, secondTime: -1, calls: [{ evaluator: 0, output: 1 }] },
          { kind: 'combine', firstWord: 0, terms: [{ slot: 1, evaluator: 0 }], outputs: [{ slot: 0, derived: false }] },
        ],
      },
    ],
    sequence: new Uint32Array(steps),
    steps,
    classes: 1,
    rowClass: new Uint32Array(rows),
    words: new Uint32Array(new Float32Array(steps).fill(0.5).buffer),
    times: new Float32Array(steps),
    seeds: new BigUint64Array(rows),
    evaluators: [{ network: null, ports: null, inputs: {} }],
    results: Uint32Array.of(0),
    preview,
    graph: false,
  };
}

const start = (count = 4) => [{ slot: 0, data: new Float32Array(count) }];

/** A model that takes `products` products of large constant matrices, at each run or already while it is loaded. */
function slowModel(products: number, constant: boolean): Uint8Array {
  const width = 1200;
  const square = { name: 'square', shape: [width, width], values: new Array<number>(width * width).fill(1e-3) };
  const nodes = Array.from({ length: products }, (_, i) => ({
    op: 'MatMul',
    inputs: [i === 0 ? (constant ? 'square' : 'widened') : `m${i}`, 'square'],
    output: `m${i + 1}`,
  }));
  return tinyModel(
    [{ name: 'x', shape: [1, 1] }],
    [
      ...(constant ? [] : [{ op: 'Add', inputs: ['x', 'square'], output: 'widened' }]),
      ...nodes,
      { op: 'Add', inputs: ['x', `m${products}`], output: 'v' },
    ],
    [{ name: 'v', shape: [width, width] }],
    [square],
  );
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'nothing was thrown';
}

interface Outcome {
  status: number | null;
  signal: string | null;
  lines: string[];
  errors: string;
}

/** Runs `script` in a process of its own, with addon, FILE, open, plan, start, silent, load and sleep to hand. */
function inProcess(script: string, model: Uint8Array | null = null): Outcome {
  const file = join(folder, 'script.cjs');
  if (model !== null) writeFileSync(join(folder, 'model.onnx'), model);
  writeFileSync(
    file,
    `const FILE = ${JSON.stringify(FILE)}, FOLDER = ${JSON.stringify(folder)};
     const addon = require(FILE);
     const OPENING = ${JSON.stringify(nativeOpening(1, LANES))};
     const open = (threads = 1) => addon.openDevice(...OPENING.with(2, ${onCuda ? 1 : 'threads'}));
     const load = (device) => device.onnx(${JSON.stringify(onnxLibrary(undefined))}, FOLDER + '/model.onnx', 1);
     const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     const say = (...words) => require('fs').writeSync(1, words.join(' ') + '\\n');
     const silent = { network() {}, progress() {}, done() {} };
     const plan = ${plan.toString()};
     const start = ${start.toString()};
     (async () => { ${script} })();`,
  );
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', file], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, signal, lines: stdout.split('\n').filter((line) => line !== ''), errors: stderr };
}

const well = { status: 0, signal: null };

describe('objects of the addon', () => {
  it('refuse each other in their accessors', () => {
    const outcome = inProcess(`
      const device = open(), tensor = device.upload(new Float32Array(4));
      const refused = (from, name, to) => {
        const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(from), name);
        try { get.call(to); return 'taken'; } catch (error) { return error.constructor.name + ' ' + error.code; }
      };
      for (const to of [tensor, {}, null, undefined, 1, Object.create(device)]) say(refused(device, 'name', to));
      say(refused(tensor, 'byteLength', device));
      say(device.kind === OPENING[0], tensor.byteLength);`);
    expect(outcome).toMatchObject(well);
    expect(outcome.lines).toEqual([...Array<string>(7).fill('TypeError ERR_INVALID_THIS'), 'true 16']);
  });

  it('are not those of another copy of the addon', () => {
    copyFileSync(FILE, join(folder, 'copy.node'));
    const outcome = inProcess(`
      const other = require(FOLDER + '/copy.node').openDevice(...OPENING);
      const network = other.mixture({ kind: 'sit', sigmaData: 0, weights: Float32Array.of(1),
        means: new Float32Array(4), deviations: Float32Array.of(1), classes: null });
      const foreign = plan(1);
      foreign.evaluators = [{ network, ports: null, inputs: {} }];
      try { open().startRun(foreign, start(), silent); } catch (error) { say(error.code, error.message); }`);
    expect(outcome).toMatchObject(well);
    expect(outcome.lines).toEqual([
      'ERR_INVALID_PLAN Expected null or a network of this addon for plan.evaluators[0].network but received an object',
    ]);
  });
});

describe('getters that act while they are read', () => {
  it('may release the model whose run they feed', () => {
    const outcome = inProcess(
      `const model = await load(open());
       const feeds = { get x() { model.release(); return { data: new Float32Array(1), shape: [1, 1] }; } };
       await model.run(feeds).catch((error) => say(error.code));`,
      slowModel(1, false),
    );
    expect(outcome).toMatchObject(well);
    expect(outcome.lines).toEqual(['ERR_DISPOSED']);
  });

  it('may close the device that a run starts on', () => {
    const device = open();
    const closing = {
      ...plan(1),
      get evaluators() {
        device.close();
        return [{ network: null, ports: null, inputs: {} }];
      },
    };
    expect(codeOf(() => device.startRun(closing, start(), silent))).toBe('ERR_CLOSED');
  });

  it('may take away an array that the run was to start from', () => {
    const device = open();
    const data = new Float32Array(4);
    const taking = {
      slot: 1,
      get data() {
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return new Float32Array(4);
      },
    };
    expect(codeOf(() => device.startRun(plan(1), [{ slot: 0, data }, taking], silent))).toBe('ERR_INVALID_PLAN');
    device.close();
  });

  it('are read once from the handlers, before the run', () => {
    const outcome = inProcess(`
      let run, read = 0;
      const handlers = { progress() {}, done(failure) { say(failure === null, read); },
        get network() { read += 1; run?.resume(); return (e, x, t, r, out) => { out.set(x); run.resume(); }; } };
      run = open().startRun(plan(3), start(), handlers);`);
    expect(outcome).toMatchObject(well);
    expect(outcome.lines).toEqual(['true 1']);
  });
});

it('an array that a run starts from is kept alive, as it is read where it lies', () => {
  const outcome = inProcess(`
    const elements = 2 ** 24;
    const adding = plan(1, 1, elements); // x' = network(x) + x
    adding.programs[0].words = 2;
    adding.programs[0].stages[1].terms.push({ slot: 0, evaluator: -1 });
    adding.words = new Uint32Array(Float32Array.of(1, 1).buffer);
    const run = open().startRun(adding, [{ slot: 0, data: new Float32Array(elements).fill(3) }], {
      ...silent,
      async network(e, x, t, r, out) {
        for (let i = 0; i < 5; i++) { gc(); await sleep(5); }
        out.fill(1);
        run.resume();
      },
      async done(failure, [result]) { say((await result.read()).every((value) => value === 4)); },
    });`);
  expect(outcome).toMatchObject(well);
  expect(outcome.lines).toEqual(['true']);
});

it('a plan of no rows and endless times is refused', () => {
  const device = open();
  const endless = { ...plan(100, 0), classes: 0, times: new Float32Array(0), words: new Uint32Array(0) };
  (endless.programs[0] as { times: number }).times = 0xffffffff;
  expect(codeOf(() => device.startRun(endless, start(0), silent))).toBe('ERR_INVALID_PLAN');
  device.close();
});

describe('close()', () => {
  it('interrupts a single run of a model', async () => {
    const device = open();
    const model = await device.onnx(onnxLibrary(undefined), slowModel(400, false), 1);
    const began = performance.now();
    const run = model.run({ x: { data: new Float32Array(1), shape: [1, 1] } });
    const settled = run.then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = performance.now();
    device.close();
    expect(performance.now() - before).toBeLessThan(800);
    expect(await settled).toBe('ABORTED');
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it.each(['device.close()', 'worker.terminate()'])('%s does not wait for a model that is being loaded', (what) => {
    const script =
      what === 'device.close()'
        ? `const device = open();
           const from = performance.now();
           const loading = load(device).then(() => 'loaded', (error) => error.code);
           await sleep(100);
           device.close();
           const took = performance.now() - from;
           await loading;
           say(took < 900, performance.now() - from > took + 100);`
        : `const { Worker } = require('worker_threads');
           // Loaded nowhere else: the end of the worker would unload the code that its thread is in.
           require('fs').copyFileSync(FILE, FOLDER + '/own.node');
           const worker = new Worker(\`
             const device = require('\${FOLDER}/own.node').openDevice(...\${JSON.stringify(OPENING)});
             device.onnx(${JSON.stringify(onnxLibrary(undefined))}, '\${FOLDER}/model.onnx', 1);
             require('worker_threads').parentPort.postMessage(1);\`, { eval: true });
           await new Promise((resolve) => worker.once('message', resolve));
           await sleep(100);
           const from = performance.now();
           await worker.terminate();
           const took = performance.now() - from;
           await sleep(6000);
           say(took < 900, true);`;
    const outcome = inProcess(script, slowModel(40, true));
    expect(outcome).toMatchObject(well);
    expect(outcome.lines).toEqual(['true true']);
  });
});

describe('the end of the process', () => {
  it('finds no threads after shutDown()', () => {
    const outcome = inProcess(`
      const { readdirSync } = require('fs');
      const threads = () => readdirSync('/proc/self/task').length;
      const warm = open(); // a driver starts threads of its own, which stay
      warm.upload(new Float32Array(4));
      warm.close();
      const before = threads();
      const devices = [open(2), open(3)];
      const run = devices[0].startRun(plan(1e5), start(),
        { ...silent, network(e, x, t, r, out) { out.set(x); run.resume(); } });
      await sleep(20);
      say(threads() - before);
      addon.shutDown();
      addon.shutDown();
      say(threads() - before);
      try { open(); } catch (error) { say(error.code); }
      process.exit(3);`);
    expect(outcome).toMatchObject({ status: 3, signal: null });
    expect(outcome.lines).toEqual([onCuda ? '2' : '5', '0', 'ERR_CLOSED']);
  });

  it('is told to the addon by whoever loads it', () => {
    const listeners = process.listenerCount('exit');
    jest.isolateModules(() => {
      jest.requireActual<{ native: typeof native }>('../src/native').native();
    });
    expect(process.listenerCount('exit')).toBe(listeners + 1);
  });

  it('may come in a handler, in a worker too', () => {
    const outcome = inProcess(`
      const { Worker } = require('worker_threads');
      for (let i = 0; i < 5; i++) {
        const worker = new Worker(\`
          const addon = require('\${FILE}');
          process.once('exit', () => addon.shutDown());
          const plan = \${plan.toString()}, start = \${start.toString()};
          const device = addon.openDevice(...\${JSON.stringify(OPENING)});
          device.startRun(plan(9), start(), { network() { process.exit(5); }, progress() {}, done() {} });\`, { eval: true });
        say(await new Promise((resolve) => worker.once('exit', resolve)));
      }`);
    expect(outcome).toMatchObject(well);
    expect(outcome.lines).toEqual(Array(5).fill('5'));
  });
});

describe('handlers', () => {
  it('hear of the last step, with its preview, before the end', async () => {
    const device = open();
    const network = device.mixture({
      kind: 'sit',
      sigmaData: 0,
      weights: Float32Array.of(1),
      means: Float32Array.of(1, 2, 3, 4),
      deviations: Float32Array.of(1),
      classes: null,
    });
    const steps = 50;
    const told: { step: number; preview: Float32Array | null }[] = [];
    const result = await new Promise<Float32Array>((resolve, reject) => {
      device.startRun({ ...plan(steps, 1, 4, 0), evaluators: [{ network, ports: null, inputs: {} }] }, start(), {
        network: () => {},
        progress: (step, preview) => told.push({ step, preview }),
        done: (failure, results) => {
          if (failure !== null) reject(new Error(failure.message));
          else results?.[0]?.read().then(resolve, reject);
        },
      });
      // The run is over before this thread hears of its first step.
      for (const from = performance.now(); performance.now() - from < 100;);
    });
    expect(told.at(-1)?.step).toBe(steps);
    expect(told.at(-1)?.preview).toEqual(result);
    device.close();
  });

  it('hear of a step for each time they ask, and unasked of none', async () => {
    const device = open();
    const rounds = (asked: number): Promise<{ told: number[]; counted: (number | undefined)[]; ended: number }> =>
      new Promise((resolve) => {
        const told: number[] = [];
        const counted: (number | undefined)[] = [];
        let left = asked;
        const run = device.startRun(plan(9), start(), {
          network: (_, x, __, ___, out) => {
            counted.push(run.steps);
            out.set(x);
            run.resume();
          },
          progress: (step) => {
            told.push(step);
            if (--left > 0) run.report();
          },
          done: (_, results, ended) => {
            results?.forEach((result) => result.release());
            counted.push(run.steps);
            resolve({ told, counted, ended });
          },
        });
        if (asked > 0) run.report();
      });
    const counted = [0, 1, 2, 3, 4, 5, 6, 7, 8, undefined];
    expect(await rounds(0)).toEqual({ told: [], counted, ended: 9 });
    const { told } = await rounds(2);
    expect(told).toHaveLength(2);
    expect(told[1]).toBeGreaterThan(told[0] as number);
    device.close();
  });

  it.each(['progress', 'done'])('that throw in %s are uncaught exceptions', (name) => {
    const script = `
      const run = open().startRun(plan(2), start(), { ...silent,
        network(e, x, t, r, out) { out.set(x); run.resume(); },
        done() { say('done'); },
        ${name}() { throw new Error('thrown by ${name}'); } });
      run.report();`;
    const alone = inProcess(script);
    expect(alone).toMatchObject({ status: 1, signal: null });
    expect(alone.errors).toMatch(`Error: thrown by ${name}`);
    const heard = inProcess(`process.on('uncaughtException', (error) => say(error.message)); ${script}`);
    expect(heard).toMatchObject(well);
    expect(heard.lines.at(0)).toBe(`thrown by ${name}`);
    if (name === 'progress') expect(heard.lines.at(-1)).toBe('done');
    const worker = inProcess(`
      const { Worker } = require('worker_threads');
      new Worker(${JSON.stringify(
        `const addon = require(${JSON.stringify(FILE)}), silent = { network() {}, progress() {}, done() {} };
         const say = () => {}, open = () => addon.openDevice(...${JSON.stringify(nativeOpening(1, LANES))});
         const plan = ${plan.toString()}, start = ${start.toString()}; ${script}`,
      )}, { eval: true }).once('error', (error) => say(error.message));`);
    expect(worker).toMatchObject(well);
    expect(worker.lines).toEqual([`thrown by ${name}`]);
  });

  it('that still hold arrays when the run ends keep their memory, not their contents', () => {
    const outcome = inProcess(`
      const megabytes = () => Math.round(process.memoryUsage().arrayBuffers / 2 ** 20);
      const elements = 2 ** 23, before = megabytes();
      let held;
      await new Promise((resolve) => {
        const run = open().startRun(plan(1, 1, elements), [{ slot: 0, data: new Float32Array(elements) }], { ...silent,
          network(e, x, t, r, out) { held = [x, out]; setTimeout(() => run.cancel(), 10); }, done: resolve });
      });
      say(held.map((array) => array.length));
      gc(); await sleep(50); gc(); await sleep(50);
      say(megabytes() - before);
      held = null;
      for (let i = 0; i < 3; i++) { gc(); await sleep(50); }
      say(megabytes() - before);`);
    expect(outcome).toMatchObject(well);
    expect(outcome.lines).toEqual(['0,0', '64', '0']);
  });
});

it('a result is read in pieces', async () => {
  const device = open();
  const values = Float32Array.from({ length: 2 ** 22 + 7 }, (_, i) => i % 65537);
  expect(Buffer.compare(Buffer.from((await device.upload(values).read()).buffer), Buffer.from(values.buffer))).toBe(0);
  const late = device.upload(values);
  device.close();
  await expect(late.read()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});
