import { channel } from 'node:diagnostics_channel';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Device } from '../src';
import { Tensor } from '../src';
import { openDevice } from './support/device';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Makes and forgets a tensor in a frame of its own, so that nothing keeps it. */
function forget(device: Device, dispose: boolean): void {
  const tensor = Tensor.from(new Float32Array(12), [3, 4], device);
  if (dispose) tensor.dispose();
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Opens and forgets a device. */
async function forgetDevice(): Promise<void> {
  await openDevice();
}

test('a device that is forgotten is told too; one that was disposed of is not', async () => {
  const owners: string[] = [];
  const listen = (leak: unknown): void => void owners.push((leak as { owner: string }).owner);
  const leak = channel('diffusion-samplers:leak');
  leak.subscribe(listen);
  try {
    (await openDevice()).dispose();
    await forgetDevice();
    await until(() => owners.length > 0);
  } finally {
    leak.unsubscribe(listen);
  }
  expect(owners).toEqual([expect.stringMatching(/^The device /)]);
});

test('a tensor that is forgotten is freed by garbage collection, and told to who listens; one that was disposed of is not', async () => {
  using device = await openDevice({ threads: 1 });
  const leaks: { owner: string; stack?: string }[] = [];
  const listen = (leak: unknown): void => void leaks.push(leak as never);
  const leak = channel('diffusion-samplers:leak');
  leak.subscribe(listen);
  try {
    forget(device, true);
    forget(device, false);
    expect(device.memory().liveBytes).toBe(48);
    await until(() => leaks.length > 0 && device.memory().liveBytes === 0);
  } finally {
    leak.unsubscribe(listen);
  }
  expect(device.memory().liveBytes).toBe(0);
  expect(leaks).toHaveLength(1);
  expect(leaks[0]?.owner).toBe('The tensor of shape [3, 4]');
  expect(leaks[0]?.stack).toContain('forget');
});
