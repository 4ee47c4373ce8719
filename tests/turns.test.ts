/** How long a plan holds the event loop, by a clock of the test's own: one millisecond for each time that it is read. */
import {
  AbortError,
  Device,
  DisposedError,
  EulerMaruyamaSampler,
  Rng,
  SiTInterface,
  type SampleOptions,
  type SampleRun,
} from '../src';
import { nextTurn, turnIsOver } from '../src/turns';

/** Of src/turns.ts, and what a turn may last beyond it: the reading that found it over. */
const HOLD = 3;
const STEPS = 40;
const ROWS = 2000;

const anotherTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let readings = 0;
beforeEach(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => readings++);
});
afterEach(() => jest.restoreAllMocks());

/** Most readings in one turn of the event loop, from now until `work` has settled. */
async function longestHold(work: PromiseLike<unknown>): Promise<number> {
  let over = false;
  void work.then(
    () => (over = true),
    () => (over = true),
  );
  let longest = 0;
  while (!over) {
    const before = readings;
    await anotherTurn();
    longest = Math.max(longest, readings - before);
  }
  return longest;
}

/** One row class for each row, so that lowering takes several pieces. */
const sampler = new EulerMaruyamaSampler({ numSamplingSteps: STEPS, samplingTimeKwargs: { tStart: 0.99 } });
const guidanceScale = Float64Array.from({ length: ROWS }, (_, row) => 1 + row / ROWS);

describe('a run of 2000 rows with their own scales', () => {
  let device: Device;
  let calls: number;
  const net = new SiTInterface(({ x, out }) => (calls++, out.set(x)));
  const sample = (options: SampleOptions = {}): SampleRun =>
    sampler.sample(new Rng(1), net, [ROWS, 1], { gNet: net, guidanceScale, device, ...options });
  /** The plan is made and its numbers are on their way, but the run has not started. */
  const planned = async (run: SampleRun): Promise<void> => {
    while (run.plan === undefined) await anotherTurn();
    await anotherTurn();
    await anotherTurn();
  };

  beforeEach(async () => {
    device = await Device.open('cpu', { threads: 1 });
    calls = 0;
  });
  afterEach(() => device.dispose());

  test('is planned, lowered and handed over in turns that are held no longer than they may', async () => {
    const before = readings;
    const run = sample();
    expect(await longestHold(run)).toBeLessThanOrEqual(HOLD + 2);
    (await run).dispose();
    expect(readings - before).toBeGreaterThan(2 * STEPS); // it did look at the clock, in each step and for each piece
  });

  test('is handed over in a turn of its own', async () => {
    const { native } = device;
    let atStart = 0;
    const startRun: typeof native.startRun = (...given) => {
      atStart = readings;
      return native.startRun(...given);
    };
    Object.defineProperty(device, 'native', { value: { startRun } });
    const run = sample();
    let atTurn = 0;
    while (atStart === 0) {
      atTurn = readings;
      await anotherTurn();
    }
    expect(atStart - atTurn).toBeLessThanOrEqual(1); // its beginning
    (await run).dispose();
  });

  test('ends with an AbortError when it is aborted while its numbers are rounded', async () => {
    const controller = new AbortController();
    const run = sample({ signal: controller.signal });
    await planned(run);
    controller.abort('enough');
    const at = readings;
    await expect(run).rejects.toThrow(AbortError);
    expect(readings - at).toBeLessThanOrEqual(HOLD + 2); // in the next turn, not when all are rounded
    expect(calls).toBe(0);
    expect(device.memory().liveBytes).toBe(0);
    expect(device.runs).toBe(0);
  });

  test('ends with a DisposedError when its device is disposed of while its numbers are rounded', async () => {
    const run = sample();
    await planned(run);
    device.dispose();
    await expect(run).rejects.toThrow(DisposedError);
    expect(calls).toBe(0);
    expect(device.runs).toBe(0);
  });
});

test('plans that are made at the same time share the turns', async () => {
  const net = new SiTInterface(() => undefined);
  const plans = Array.from({ length: 6 }, () => sampler.plan(net, [3, 1]));
  expect(await longestHold(Promise.all(plans))).toBeLessThanOrEqual(HOLD + 2 + plans.length);
});

describe('those that wait', () => {
  const names = ['a', 'b', 'c'];
  /** Who went on in which turn; each waits twice. */
  const order = async (): Promise<string[]> => {
    // What the end of another test has left comes first.
    for (let i = 0; i < 3; i++) await anotherTurn();
    const gone: string[] = [];
    let turns = 0;
    const count = (): void => {
      turns++;
      if (gone.length < 2 * names.length) setImmediate(count);
    };
    const all = names.map(async (name) => {
      for (let i = 0; i < 2; i++) {
        await nextTurn(undefined);
        gone.push(`${name}${turns}`);
      }
    });
    setImmediate(count);
    await Promise.all(all);
    return gone;
  };

  test('go on in the order in which they came, one in each turn', async () => {
    jest.spyOn(performance, 'now').mockImplementation(() => (readings += 2));
    expect(await order()).toEqual(['a0', 'b1', 'c2', 'a3', 'b4', 'c5']);
  });

  test('share a turn where none of them needs it for long', async () => {
    jest.spyOn(performance, 'now').mockReturnValue(7);
    expect(await order()).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1']);
  });

  test('hear an abort at once, and then hold nobody up', async () => {
    const controller = new AbortController();
    const [first, second] = [nextTurn(controller.signal), nextTurn(undefined)];
    controller.abort('enough');
    await expect(Promise.race([first, anotherTurn()])).rejects.toThrow(AbortError);
    await second;
    await expect(nextTurn(controller.signal)).rejects.toThrow(AbortError);
  });
});

test('fake timers leave nothing behind that a later plan waits for', async () => {
  jest.restoreAllMocks();
  const plan = (): Promise<unknown> => sampler.plan(new SiTInterface(() => undefined), [3, 1]);
  jest.useFakeTimers();
  try {
    turnIsOver();
  } finally {
    jest.useRealTimers();
  }
  expect(await plan()).toMatchObject({ steps: STEPS });
});

test('a turn that nobody goes on in is over, and the next one begins anew', async () => {
  while (!turnIsOver());
  await anotherTurn();
  await anotherTurn();
  expect(turnIsOver()).toBe(false);
});
