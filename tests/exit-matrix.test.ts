import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { addonPath, compiledSources } from './support/compiled';
import { openingText } from './support/device';
import { productModel } from './support/tiny-onnx';

const sources = compiledSources('exit-matrix');
const model = join(sources, 'product.onnx');
writeFileSync(model, productModel(4));

/** A program that has a long run under way on a network of the given kind, and then does `ending`. */
function program(network: string, ending: string): string {
  return `
    const { Device, EulerSampler, GaussianMixtureNet, OnnxNet, Rng, SiTInterface } = require(${JSON.stringify(sources)});
    const never = () => new Promise(() => {});
    const networks = {
      javascript: ({ x, out }) => new Promise((resolve) => setImmediate(() => (out.set(x), resolve()))),
      'never settled': never,
      throws: () => { throw new Error('the network threw'); },
      rejects: () => Promise.reject(new Error('the network rejected')),
    };
    (async () => {
      const device = await ${openingText(1)};
      const mixture = { weights: [1], means: [[0, 0, 0, 0]], deviations: [1] };
      const net = ${JSON.stringify(network)};
      const inner = net === 'exact' ? GaussianMixtureNet.create(mixture, { device })
        : net === 'onnx' ? await OnnxNet.load(${JSON.stringify(model)}, { device }) : networks[net];
      const run = new EulerSampler({ numSamplingSteps: 50000 }).sample(new Rng(1), new SiTInterface(inner), [512, 4], { device });
      run.then(() => undefined, (error) => console.log('rejected', error.code));
      while (run.plan === undefined) await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log('under way');
      ${ending}
    })();`;
}

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  /** From 'under way' to the end. */
  elapsedMs: number;
}

function inProcess(script: string): Promise<End> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', script], {
      env: { ...process.env, DIFFUSION_SAMPLERS_ADDON: addonPath() },
    });
    let [output, since] = ['', Number.NaN];
    const hear = (chunk: Buffer): void => {
      output += chunk.toString();
      if (Number.isNaN(since) && output.includes('under way')) since = performance.now();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output, elapsedMs: performance.now() - since });
    });
  });
}

/** The same program in a worker of a process of its own, so that a crash is seen as one. */
const inWorker = (script: string, then: string): string => `
  const { Worker } = require('node:worker_threads');
  const worker = new Worker(${JSON.stringify(script)}, { eval: true, stdout: true });
  worker.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    if (String(chunk).includes('under way')) { ${then} }
  });
  worker.on('error', (error) => console.log('worker error', error.message));
  worker.on('exit', (code) => { console.log('worker exit', code); });`;

// Room for a busy machine beside the second that a clean end may take.
const LIMIT_MS = 1000 + 2000;
const NETWORKS = ['javascript', 'onnx', 'exact', 'never settled'];

describe.each(NETWORKS)('with a run under way on a network that is: %s', (network) => {
  it.each([
    ['process.exit()', 'process.exit(7);', 7],
    ['an uncaught error', "setTimeout(() => { throw new Error('uncaught'); });", 1],
    ['an unhandled rejection', "Promise.reject(new Error('unhandled'));", 1],
  ])('%s on the main thread ends it cleanly', async (_, ending, code) => {
    const end = await inProcess(program(network, ending));
    expect([end.code, end.signal]).toEqual([code, null]);
    expect(end.elapsedMs).toBeLessThan(LIMIT_MS);
  });

  it.each([
    ['worker.terminate()', '', 'worker.terminate();'],
    ['process.exit() in the worker', 'process.exit(7);', ''],
    ['an uncaught error in the worker', "setTimeout(() => { throw new Error('uncaught'); });", ''],
    ['process.exit() of the main thread', '', 'process.exit(0);'],
  ])('%s ends it cleanly', async (_, ending, then) => {
    const end = await inProcess(inWorker(program(network, ending), then));
    expect(end.signal).toBeNull();
    expect(end.code).toBe(0);
    expect(end.elapsedMs).toBeLessThan(LIMIT_MS);
  });
});

test.each(['throws', 'rejects'])(
  'a network that %s ends its run alone; the process goes on and ends by itself',
  async (network) => {
    const end = await inProcess(
      program(network, "await Promise.resolve(run).catch(() => undefined); console.log('goes on'); device.dispose();"),
    );
    expect([end.code, end.signal]).toEqual([0, null]);
    expect(end.output).toContain('rejected ERR_MODEL');
    expect(end.output).toContain('goes on');
  },
);

test('200 workers that are terminated at any moment crash nothing', async () => {
  const env = { ...process.env, DIFFUSION_SAMPLERS_ADDON: addonPath() };
  const one = async (i: number): Promise<void> => {
    const network = ['javascript', 'onnx', 'exact', 'never settled'][i % 4] as string;
    const worker = new Worker(program(network, ''), { eval: true, stdout: true, env });
    worker.on('error', (error) => {
      throw error;
    });
    await new Promise((resolve) => setTimeout(resolve, 30 + ((i * 37) % 150)));
    await worker.terminate();
  };
  for (let i = 0; i < 200; i += 4) await Promise.all([i, i + 1, i + 2, i + 3].map(one));
});
