import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, DisposedError, EulerSampler, InvalidArgumentError, Rng, SiTInterface, Tensor } from '../src';
import { addonPath, compiledSources } from './support/compiled';

const values = Float32Array.from({ length: 6 }, (_, i) => i + 0.5);

let device: Device;
beforeEach(async () => {
  device = await Device.open('cpu');
});
afterEach(() => device.dispose());

describe('Tensor.view()', () => {
  it('shows the values where they lie: what is written to it is in the tensor, and in every other view', async () => {
    using tensor = Tensor.from(values, [2, 3], device);
    const view = tensor.view();
    expect([...view]).toEqual([...values]);
    view[4] = -1;
    expect((await tensor.data())[4]).toBe(-1);
    expect(tensor.view()[4]).toBe(-1);
    expect(tensor.view().buffer).toBe(view.buffer);
    expect(device.memory().liveBytes).toBe(24);
  });

  it('is what a run starts from', async () => {
    using tensor = Tensor.from(values, [2, 3], device);
    tensor.view().fill(2);
    const still = new SiTInterface(({ out }) => void out.fill(0));
    using same = await new EulerSampler({ numSamplingSteps: 1 }).sample(new Rng(1), still, tensor, { device });
    expect([...same.view()]).toEqual(Array(6).fill(2));
  });

  it('is detached by dispose(), which frees the memory at once', () => {
    const tensor = Tensor.from(values, [2, 3], device);
    const views = [tensor.view(), tensor.view()];
    tensor.dispose();
    expect(views.map((view) => view.length)).toEqual([0, 0]);
    expect(device.memory().liveBytes).toBe(0);
    expect(() => tensor.view()).toThrow(DisposedError);
  });

  it('of nothing is empty', () => {
    using tensor = Tensor.from(new Float32Array(0), [0, 3], device);
    expect(tensor.view()).toHaveLength(0);
  });

  it('is refused where the values are not in host memory', () => {
    using tensor = Tensor.from(values, [2, 3], device);
    const elsewhere = new Tensor(tensor.handle.get(), [2, 3], { kind: 'cuda', name: 'cuda:0' } as Device);
    expect(() => elsewhere.view()).toThrow(InvalidArgumentError);
    expect(() => elsewhere.view()).toThrow('Expected a CPU device, for a view, for `device` but received');
  });

  it('outlives a tensor, or a device, that is collected; and memory that was moved away is freed with its new owner', () => {
    const program = `
      const { Device, Tensor } = require(${JSON.stringify(compiledSources('tensor'))});
      const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
      const collected = async (until) => {
        for (let i = 0; i < 400 && !until(); i++) { gc(); await turn(); }
        if (!until()) throw new Error('never collected');
      };
      (async () => {
        const device = await Device.open('cpu');
        let view = (() => Tensor.from(Float32Array.of(1, 2, 3), [1, 3], device).view())();
        for (let i = 0; i < 20; i++) { gc(); await turn(); }
        if (view.join() !== '1,2,3' || device.memory().liveBytes !== 12) throw new Error('the view lost its memory');
        view = null;
        await collected(() => device.memory().liveBytes === 0);
        const tensor = Tensor.from(Float32Array.of(4, 5), [1, 2], device);
        const away = tensor.view();
        let moved = away.buffer.transfer === undefined ? null : new Float32Array(away.buffer.transfer());
        tensor.dispose();
        if (moved !== null && moved.join() !== '4,5') throw new Error('moved memory was freed under its owner');
        moved = null;
        await collected(() => device.memory().liveBytes === 0);
        let last = await (async () => Tensor.from(Float32Array.of(6), [1, 1], await Device.open('cpu')).view())();
        for (let i = 0; i < 20; i++) { gc(); await turn(); }
        device.dispose();
        if (last[0] !== 6) throw new Error('the device took the memory along');
        console.log('good');
      })().catch((error) => { console.error(error); process.exitCode = 1; });
    `;
    const done = spawnSync(process.execPath, ['--expose-gc', '-e', program], {
      encoding: 'utf8',
      env: { ...process.env, DIFFUSION_SAMPLERS_ADDON: addonPath() },
    });
    expect(done).toMatchObject({ status: 0, stdout: 'good\n' });
  });

  it('that was moved to another thread keeps its memory when the thread that made it ends', () => {
    const library = JSON.stringify(compiledSources('tensor'));
    const program = `
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      const { Device, Tensor } = require(${library});
      const SIZE = 1_000_000;
      if (isMainThread) {
        let moved;
        const worker = new Worker(__filename);
        worker.on('message', (buffer) => { moved = new Float32Array(buffer); });
        worker.on('exit', async () => {
          const device = await Device.open('cpu');
          // What was freed too early is overwritten now.
          for (let i = 0; i < 20; i++) Tensor.from(new Float32Array(SIZE).fill(7), [1, SIZE], device);
          console.log(moved.length, moved.every((value) => value === 5));
        });
      } else {
        Device.open('cpu').then((device) => {
          const { buffer } = Tensor.from(new Float32Array(SIZE).fill(5), [1, SIZE], device).view();
          const moved = buffer.transfer === undefined ? structuredClone(buffer, { transfer: [buffer] }) : buffer.transfer();
          parentPort.postMessage(moved, [moved]);
          setTimeout(() => process.exit(), 50);
        });
      }
    `;
    const file = join(mkdtempSync(join(tmpdir(), 'moved-')), 'moved.cjs');
    writeFileSync(file, program);
    const env = { ...process.env, DIFFUSION_SAMPLERS_ADDON: addonPath() };
    const done = spawnSync(process.execPath, [file], { encoding: 'utf8', env });
    expect(done).toMatchObject({ status: 0, signal: null, stdout: '1000000 true\n' });
  });
});

test('making and disposing of large tensors in one turn leaves resident memory where it was', () => {
  const data = new Float32Array(1_000_000);
  const loop = (times: number): void => {
    for (let i = 0; i < times; i++) Tensor.from(data, [1, data.length], device).dispose();
  };
  loop(20);
  const before = process.memoryUsage().rss;
  loop(200);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
});
