/** What a user is told where CUDA cannot be used: each state of the driver with its own reason and remedy. */
import { native } from '../../src/native';
import type { DeviceReport } from '../../src/device';
import type { Diagnosis } from '../../src/cli/doctor';
import { ask, command, makeDrivers, removeDrivers, type Driver } from './child';

const CUDA_13 = 13000;

interface State {
  name: string;
  driver: Driver;
  /** As cudaGetDeviceCount gives it. */
  code: number;
  reason: string;
  remedy: string;
}

const MISMATCH_OR_WORSE: State[] = [
  {
    name: 'a driver whose services are not ready',
    driver: { version: CUDA_13, init: 802 },
    code: 802,
    reason:
      'the NVIDIA driver and its services do not match, or are not ready yet (CUDA error 802, cudaErrorSystemNotReady)',
    remedy: "Check that nvidia-smi works; with NVSwitch, start nvidia-fabricmanager in the driver's own version.",
  },
  {
    name: 'a library that does not match the kernel driver',
    driver: { version: CUDA_13, init: 803 },
    code: 803,
    reason:
      'the NVIDIA kernel driver and the library libcuda do not match (CUDA error 803, cudaErrorSystemDriverMismatch)',
    remedy: "Restart the machine after a driver update; in a container, use the libcuda of the host's driver.",
  },
  {
    name: 'a library that is too new for the kernel driver on this GPU',
    driver: { version: CUDA_13, init: 804 },
    code: 804,
    reason:
      'the NVIDIA kernel driver and the newer library libcuda do not match on this GPU ' +
      '(CUDA error 804, cudaErrorCompatNotSupportedOnDevice)',
    remedy: 'Update the NVIDIA driver, or take the cuda-compat library off LD_LIBRARY_PATH.',
  },
  {
    name: 'a failed initialisation',
    driver: { version: CUDA_13, init: 999 },
    code: 999,
    reason: 'CUDA could not be initialised (CUDA error 999, cudaErrorUnknown)',
    remedy: 'Check that nvidia-smi works for this user.',
  },
  {
    name: 'an initialisation that the operating system refused',
    driver: { version: CUDA_13, init: 304 },
    code: 304,
    reason: 'CUDA could not be initialised (CUDA error 304, cudaErrorOperatingSystem)',
    remedy: 'Check that nvidia-smi works for this user.',
  },
];

function withCuda(needed: string): State[] {
  const update = 'Update the NVIDIA driver, or build again with a CUDA toolkit that this driver supports.';
  return [
    {
      name: 'no driver',
      driver: 'broken',
      code: 35,
      reason: 'no NVIDIA driver was found',
      remedy: 'Install the NVIDIA driver; in a container, start it with access to the GPU.',
    },
    {
      name: 'a driver that is too old',
      driver: { version: 11080, init: 0 },
      code: 35,
      reason: `the NVIDIA driver is too old: it supports CUDA 11.8, but this build needs CUDA ${needed}`,
      remedy: update,
    },
    {
      name: "the toolkit's stub in the driver's place",
      driver: { version: CUDA_13, init: 34 },
      code: 34,
      reason:
        "the libcuda that was found is the CUDA toolkit's stub, which is there for linking only " +
        '(CUDA error 34, cudaErrorStubLibrary)',
      remedy: "Take the toolkit's folder of stubs off LD_LIBRARY_PATH.",
    },
    {
      // The stand-in says that it is there, and then has none of the functions that a device needs.
      name: 'a driver without some functions',
      driver: { version: CUDA_13, init: 0 },
      code: 36,
      reason:
        'the NVIDIA driver lacks functions that this build needs (CUDA error 36, cudaErrorCallRequiresNewerDriver)',
      remedy: update,
    },
    {
      name: 'a driver without a device',
      driver: { version: CUDA_13, init: 100 },
      code: 100,
      reason: 'the NVIDIA driver is there, but shows no device',
      remedy: 'Check that nvidia-smi lists the GPU and that CUDA_VISIBLE_DEVICES does not hide it.',
    },
    ...MISMATCH_OR_WORSE,
  ];
}

const WITHOUT_CUDA: State = {
  name: 'a build without CUDA',
  driver: { version: CUDA_13, init: 0 },
  code: -1,
  reason: 'built without CUDA',
  remedy: 'Install the CUDA toolkit (nvcc) and build again with `npx diffusion-samplers build`.',
};

interface Answers {
  report: DeviceReport['cuda'];
  auto: { kind: string; fallback: string };
  explicit: { name: string; code: string; message: string; hint: string };
}

const { cuda: built } = native().build;
const { runtimeVersion } = native().cuda();
const STATES = built
  ? withCuda(`${Math.floor(runtimeVersion / 1000)}.${(runtimeVersion % 1000) / 10}`)
  : [WITHOUT_CUDA];

beforeAll(makeDrivers);
afterAll(removeDrivers);

test(`the addon under test was built ${built ? 'with' : 'without'} CUDA, and its states are those of such a build`, () => {
  expect(STATES.some(({ code }) => code === -1)).toBe(!built);
  expect(STATES).toHaveLength(built ? 10 : 1);
  // Two kinds of failed initialisation share what to do, as do two kinds of a driver that is too old.
  expect(new Set(STATES.map(({ reason }) => reason)).size).toBe(STATES.length);
  expect(new Set(STATES.map(({ remedy }) => remedy)).size).toBe(built ? 8 : 1);
});

describe.each(STATES)('$name', ({ driver, code, reason, remedy }) => {
  let [answers, asked]: [Answers | undefined, string[]] = [undefined, []];

  beforeAll(() => {
    const body = `
      const report = samplers.devices().cuda;
      const device = await samplers.Device.open('auto', { threads: 1 });
      const auto = { kind: device.kind, fallback: device.fallback };
      // It computes, and not only says so.
      const run = new samplers.EulerSampler({ numSamplingSteps: 2 })
        .sample(new samplers.Rng(1), new samplers.SiTInterface(({ x, out }) => out.set(x)), [1, 2], { device });
      await (await run).data();
      const error = await samplers.Device.open('cuda').catch((refusal) => refusal);
      const { name, code, message, hint } = error;
      return { report, auto, explicit: { name, code, message, hint } };`;
    const asking = ask<Answers>(driver, body);
    [answers, asked] = [asking.answer, asking.asked];
  });

  test('devices() says so', () => {
    const { report } = answers as Answers;
    expect(report).toMatchObject({ built, usable: false, code, reason, remedy, devices: [] });
  });

  test("'auto' samples on the CPU and keeps the reason", () => {
    expect(answers?.auto).toEqual({ kind: 'cpu', fallback: reason });
  });

  test("an explicit 'cuda' is refused with the reason and the remedy", () => {
    expect(answers?.explicit).toEqual({
      name: 'DeviceUnavailableError',
      code: 'ERR_DEVICE_UNAVAILABLE',
      message: `The device 'cuda' is not there: ${reason}. ${remedy}`,
      hint: remedy,
    });
  });

  test('the command `devices` prints both', () => {
    const { code: exit, stdout, stderr } = command(driver, 'devices');
    expect([exit, stderr]).toEqual([0, '']);
    expect(lines(stdout)).toContain(`cuda not usable: ${reason}`);
    expect(lines(stdout)).toContain(`remedy ${remedy}`);
  });

  test('`doctor` prints both, and that samples can be drawn all the same', () => {
    const { code: exit, stdout, stderr } = command(driver, 'doctor');
    expect([exit, stderr]).toEqual([0, '']);
    expect(lines(stdout)).toContain(`-- cuda ${reason}`);
    expect(lines(stdout)).toContain(`to sample on a GPU: ${remedy}`);
    expect(stdout).toContain('Samples can be drawn on this machine');
  });

  test('`doctor --json` gives both to programs', () => {
    const { code: exit, stdout } = command(driver, 'doctor', '--json');
    const { usable, checks } = JSON.parse(stdout) as Diagnosis;
    expect([exit, usable]).toEqual([0, true]);
    const cuda = checks.find(({ name }) => name === 'cuda');
    expect(cuda).toMatchObject({ finding: 'absent', found: reason, remedy, facts: { built, code } });
  });

  test(built ? 'it was the stand-in that answered' : 'no driver was asked', () => {
    const called = built && typeof driver !== 'string';
    expect(asked.slice(0, 1)).toEqual(called ? ['loaded'] : []);
    expect(asked.includes('cuDriverGetVersion')).toBe(called);
  });
});

/** One blank between words: how columns are aligned is not what is tested here. */
function lines(text: string): string[] {
  return text.split('\n').map((line) => line.trim().replace(/ +/g, ' '));
}

test('importing the package, and sampling on the CPU, touches no driver; asking for devices does', () => {
  const driver = { version: CUDA_13, init: 100 };
  const body = `
    const { readFileSync } = require('node:fs');
    const mapped = () => readFileSync('/proc/self/maps', 'utf8').includes('libcuda');
    const imported = mapped();
    const device = await samplers.Device.open('cpu', { threads: 1 });
    const net = new samplers.SiTInterface(({ x, out }) => out.set(x));
    await new samplers.EulerSampler({ numSamplingSteps: 2 }).sample(new samplers.Rng(1), net, [1, 2], { device });
    return [imported, mapped()];`;
  const untouched = ask<boolean[]>(driver, body);
  expect(untouched).toEqual({ answer: [false, false], asked: [] });
  // The runtime lets go of a driver that refuses, so what is mapped afterwards tells less than what was written down.
  const { asked } = ask<boolean[]>(driver, `samplers.devices(); ${body}`);
  expect(asked.includes('loaded')).toBe(built);
});

test("this machine's own driver, or that it has none, is told like the others", () => {
  const { answer } = ask<DeviceReport['cuda']>('own', 'return samplers.devices().cuda;');
  const { usable, code, driverVersion, reason, remedy } = answer;
  expect(usable).toBe(code === 0);
  expect(reason === '').toBe(usable);
  expect(remedy === '').toBe(usable);
  const none = STATES.find(({ name }) => name === 'no driver');
  if (none !== undefined && code === 35 && driverVersion === 0) expect(answer).toMatchObject({ reason: none.reason });
});
