/** examples/server/ as its clients and its operator see it: over HTTP, on a port of its own. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decode } from 'fast-png';
import type { FastifyReply } from 'fastify';
import { preferred } from '../../examples/server/accept';
import { RunSignals } from '../../examples/server/run-signals';
import { readSettings, type Limits } from '../../examples/server/settings';
import { stop } from '../../examples/server/stop';
import { CudaError, EulerSampler, type NetworkFunction, type SampleRun } from '../../src';
import { deviceUnderTest } from '../support/device';
import {
  bytesOf,
  eventsOf,
  LIMITS,
  post,
  refusalOf,
  serve,
  until,
  type Running,
  type ServerEvent,
} from './server-client';

const ORDER = { labels: [3, 7], seed: 5, steps: 3, guidance: 2, sampler: 'heun' };
const LONG = { labels: [1], seed: 1, steps: LIMITS.maxSteps, guidance: 1, sampler: 'euler' };

const running: Running[] = [];
async function start(limits?: Partial<Limits>, network?: NetworkFunction): Promise<Running> {
  const server = await serve(limits, network);
  running.push(server);
  return server;
}

let digits: Running; // the trained network, for every test that does not end it
beforeAll(async () => {
  digits = await serve();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(stop));
});
afterAll(() => stop(digits));

/** A network that answers zeros, and only once its gate is open. */
function gated(): { network: NetworkFunction; open: () => void; calls: () => number } {
  let calls = 0;
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const network: NetworkFunction = async ({ out }) => {
    calls++;
    await gate;
    out.fill(0);
  };
  return { network, open: () => open(), calls: () => calls };
}

describe('an answer', () => {
  test('is a PNG grid unless the client wants something else', async () => {
    const response = await post(`${digits.url}/samples`, { ...ORDER, labels: [0, 1, 2] });
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('x-seed')).toBe('5');
    const { width, height, channels, data } = decode(new Uint8Array(await response.arrayBuffer()));
    expect([width, height, channels]).toEqual([56, 56, 1]);
    const ink = (left: number, top: number): number => {
      let sum = 0;
      for (let y = top; y < top + 28; y++) for (let x = left; x < left + 28; x++) sum += data[y * 56 + x] as number;
      return sum;
    };
    for (const [left, top] of [
      [0, 0],
      [28, 0],
      [0, 28],
    ] as const)
      expect(ink(left, top)).toBeGreaterThan(10_000);
    expect(ink(28, 28)).toBe(0); // the fourth place of a grid of three
  });

  test('has the same values as JSON and as .npy, which Accept asks for', async () => {
    const json = await post(`${digits.url}/samples`, ORDER, { accept: 'application/json' });
    const { seed, shape, data } = (await json.json()) as { seed: number; shape: number[]; data: number[] };
    expect([seed, shape]).toEqual([5, [2, 1, 28, 28]]);
    const npy = await bytesOf(post(`${digits.url}/samples`, ORDER, { accept: 'image/png;q=0.1, application/x-npy' }));
    expect(npy.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
    const start = 10 + npy.readUInt16LE(8);
    expect(start % 64).toBe(0);
    expect(npy.subarray(10, start).toString()).toMatch(/^{'descr': '<f4', .*'shape': \(2, 1, 28, 28\), } *\n$/);
    expect(Array.from(new Float32Array(npy.buffer.slice(npy.byteOffset + start)))).toEqual(data);
  });

  test('is 406 with what is on offer where Accept wants none of it', async () => {
    const response = await post(`${digits.url}/samples`, ORDER, { accept: 'text/html' });
    expect(response.status).toBe(406);
    expect((await refusalOf(response)).message).toContain('image/png, application/json, application/x-npy');
  });

  test.each([
    [undefined, 'a/b'],
    ['*/*', 'a/b'],
    ['a/*;q=0.5, c/d', 'c/d'],
    ['*/*, a/b;q=0', 'c/d'],
    ['a/b;q=nonsense', undefined],
  ])('goes by the most specific range of Accept: %s gives %s', (header, wanted) => {
    expect(preferred(header, ['a/b', 'c/d'])).toBe(wanted);
  });
});

describe('a seed', () => {
  test('gives the same bytes every time, and another one others', async () => {
    const first = await bytesOf(post(`${digits.url}/samples`, ORDER));
    expect(first.equals(await bytesOf(post(`${digits.url}/samples`, ORDER)))).toBe(true);
    expect(first.equals(await bytesOf(post(`${digits.url}/samples`, { ...ORDER, seed: 6 })))).toBe(false);
  });

  test('gives the bytes it gives alone while other requests run', async () => {
    const ask = (seed: number): Promise<Buffer> => bytesOf(post(`${digits.url}/samples`, { ...ORDER, seed }));
    const alone = [await ask(21), await ask(22)];
    const together = await Promise.all([ask(21), ask(22), ask(23)]);
    expect(alone.map((bytes, i) => bytes.equals(together[i] as Buffer))).toEqual([true, true]);
  });

  test('is chosen afresh and told where none is given', async () => {
    const order = { labels: [4], steps: 2 };
    const [one, two] = await Promise.all([1, 2].map(() => post(`${digits.url}/samples`, order)));
    const seed = Number((one as Response).headers.get('x-seed'));
    expect(seed).not.toBe(Number((two as Response).headers.get('x-seed')));
    const again = await bytesOf(post(`${digits.url}/samples`, { ...order, seed }));
    expect(again.equals(Buffer.from(await (one as Response).arrayBuffer()))).toBe(true);
  });
});

describe('a stream', () => {
  test('tells the steps in order and then brings the picture that /samples gives', async () => {
    const response = await post(`${digits.url}/samples/stream`, ORDER);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events: ServerEvent[] = [];
    for await (const event of eventsOf(response)) events.push(event);
    const steps = events.slice(0, -1).map(({ data }) => data.step as number);
    expect(events.map(({ name }) => name)).toEqual([...steps.map(() => 'progress'), 'done']);
    expect(events[0]?.data.steps).toBe(3);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(3);
    const { seed, base64 } = events.at(-1)?.data as { seed: number; base64: string };
    const whole = await bytesOf(post(`${digits.url}/samples`, ORDER));
    expect([seed, Buffer.from(base64, 'base64').equals(whole)]).toEqual([5, true]);
  });

  test('ends with an error event, without its inner message, where the run fails', async () => {
    const server = await start({}, () => Promise.reject(new Error('the secret of the house')));
    const events: ServerEvent[] = [];
    for await (const event of eventsOf(await post(`${server.url}/samples/stream`, LONG))) events.push(event);
    expect(events).toEqual([{ name: 'error', data: { code: 'ERR_INTERNAL', message: expect.any(String) as string } }]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });
});

describe('a body that cannot be used', () => {
  const LIBRARY = 'Expected a non-negative safe integer or a bigint below 2^64 for `seed` but received -1.';
  test.each<[string, unknown, number, string]>([
    ['labels are missing', { seed: 1 }, 400, 'Expected `labels` in the body.'],
    [
      'there are more labels than allowed',
      { labels: [1, 2, 3, 4, 5] },
      400,
      '`labels` must NOT have more than 4 items.',
    ],
    ['a label is no digit', { labels: [1, 10] }, 400, '`labels.1` must be <= 9.'],
    ['a number comes as a string', { labels: [1], steps: '4' }, 400, '`steps` must be integer.'],
    ['there are no steps', { labels: [1], steps: 0 }, 400, '`steps` must be >= 1.'],
    ['there are too many steps', { labels: [1], steps: 1001 }, 400, '`steps` must be <= 1000.'],
    ['guidance is out of range', { labels: [1], guidance: 1e9 }, 400, '`guidance` must be <= 20.'],
    [
      'the sampler is unknown',
      { labels: [1], sampler: 'dpm' },
      400,
      '`sampler` must be equal to one of .*: euler, heun,',
    ],
    ['a key is unknown', { labels: [1], step: 4 }, 400, 'Expected no `step` in the body.'],
    ['the library refuses the seed', { labels: [1], seed: -1 }, 400, LIBRARY.replaceAll('^', '\\^')],
    ['it is not JSON', '{"labels": [1', 400, 'JSON'],
    ['it is too large', { labels: [1], seed: 'x'.repeat(2000) }, 413, 'too large'],
  ])('is refused by name: %s', async (_, body, status, message) => {
    for (const path of ['samples', 'samples/stream']) {
      const response = await post(`${digits.url}/${path}`, body);
      expect(response.status).toBe(status);
      expect((await refusalOf(response)).message).toMatch(new RegExp(message));
    }
    expect(digits.digits.device.runs).toBe(0);
  });
});

describe('a failure inside', () => {
  test('is 500 and tells the client neither message nor stack', async () => {
    const server = await start({}, () => Promise.reject(new Error('the secret of the house')));
    const response = await post(`${server.url}/samples`, LONG);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: { code: 'ERR_INTERNAL', message: expect.not.stringMatching(/secret| at /) as string },
    });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test('of CUDA turns /health to 503, so that a supervisor starts the process anew', async () => {
    const server = await start({}, () => undefined);
    const failing = jest.spyOn(EulerSampler.prototype, 'sample').mockImplementation(() => {
      return Promise.reject(new CudaError('an illegal memory access')) as unknown as SampleRun;
    });
    expect((await post(`${server.url}/samples`, LONG)).status).toBe(500);
    failing.mockRestore();
    const health = await fetch(`${server.url}/health`);
    expect([health.status, ((await health.json()) as { status: string }).status]).toEqual([503, 'broken']);
  });
});

test('one run more than allowed is 503 with Retry-After, and there is room again when one has ended', async () => {
  const { network, open, calls } = gated();
  const server = await start({ maxRuns: 2 }, network);
  const held = [1, 2].map(() => post(`${server.url}/samples`, { ...LONG, steps: 2 }));
  await until(() => calls() === 2, 'both runs to be under way');
  const health = (await (await fetch(`${server.url}/health`)).json()) as Record<string, unknown>;
  expect(health).toMatchObject({ status: 'ok', device: { kind: deviceUnderTest }, runs: { underWay: 2, most: 2 } });
  for (const path of ['samples', 'samples/stream']) {
    const refused = await post(`${server.url}/${path}`, LONG);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await refusalOf(refused)).code).toBe('ERR_BUSY');
  }
  open();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await post(`${server.url}/samples`, { ...LONG, steps: 2 })).status).toBe(200);
});

test('the limit of runs holds for the trained network as well', async () => {
  const server = await start({ maxRuns: 1 });
  const client = new AbortController();
  const first = post(`${server.url}/samples/stream`, LONG, { signal: client.signal });
  await until(() => server.digits.device.runs === 1, 'the run to be under way');
  expect((await post(`${server.url}/samples`, ORDER)).status).toBe(503);
  client.abort();
  await first.catch(() => undefined);
});

test.each(['samples', 'samples/stream'])('an answer of /%s leaves no memory behind', async (path) => {
  const { device } = digits.digits;
  const before = device.memory().liveBytes;
  await bytesOf(post(`${digits.url}/${path}`, ORDER));
  expect(device.memory().liveBytes).toBe(before);
});

describe('a client that goes away', () => {
  test('before its run begins gets a signal that is aborted already', () => {
    const gone = { raw: { closed: true } } as unknown as FastifyReply;
    expect(new RunSignals().of(gone).aborted).toBe(true);
  });

  test.each(['samples', 'samples/stream'])(
    'ends its run on /%s within two steps, and the memory is back',
    async (path) => {
      const { device } = digits.digits;
      const before = device.memory().liveBytes;
      const begun = jest.spyOn(digits.digits, 'sample');
      const client = new AbortController();
      const answer = post(`${digits.url}/${path}`, LONG, { signal: client.signal }).then((response) => response.text());
      await until(() => ((begun.mock.results[0]?.value as SampleRun | undefined)?.step ?? 0) > 0, 'the first step');
      const run = begun.mock.results[0]?.value as SampleRun;
      let stepAtAbort = NaN;
      begun.mock.calls[0]?.[1].addEventListener('abort', () => (stepAtAbort = run.step));
      begun.mockRestore();
      expect(device.memory().liveBytes).toBeGreaterThan(before);

      client.abort();
      await expect(answer).rejects.toThrow(/aborted/);
      await expect(run).rejects.toMatchObject({ code: 'ABORT_ERR' });
      // Two steps, and one that had ended without the event loop having heard.
      expect(run.step - stepAtAbort).toBeLessThanOrEqual(3);
      await until(() => device.memory().liveBytes === before && device.runs === 0, 'the memory to come back');
    },
  );

  test('costs at most two more evaluations of a network in JavaScript', async () => {
    let [calls, callsAtAbort] = [0, NaN];
    const server = await start({}, async ({ out, signal }) => {
      calls++;
      if (calls === 1) signal?.addEventListener('abort', () => (callsAtAbort = calls));
      await new Promise((resolve) => setTimeout(resolve, 2));
      out.fill(0);
    });
    const client = new AbortController();
    const answer = post(`${server.url}/samples`, LONG, { signal: client.signal });
    await until(() => calls >= 3, 'a few evaluations');
    client.abort();
    await expect(answer).rejects.toThrow(/aborted/);
    await until(() => server.digits.device.runs === 0, 'the run to end');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls - callsAtAbort).toBeLessThanOrEqual(2);
  });

  test('before its order is read out leaves nothing behind', async () => {
    const { port } = new URL(digits.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"lab',
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(digits.digits.device.runs).toBe(0);
    await bytesOf(post(`${digits.url}/samples`, ORDER));
  });
});

describe('a server that stops', () => {
  test('lets a run finish that is done in time, takes no new one, and frees everything', async () => {
    const { network, open, calls } = gated();
    const server = await start({ stopWithinMs: 5000 }, network);
    const answer = post(`${server.url}/samples`, { ...LONG, steps: 3 });
    await until(() => calls() === 1, 'the run to be under way');
    const began = Date.now();
    const stopped = stop(server);
    await until(() => !server.app.server.listening, 'the port to close');
    await expect(fetch(`${server.url}/health`)).rejects.toThrow(/fetch failed/);
    open();
    expect((await bytesOf(answer)).subarray(1, 4).toString()).toBe('PNG');
    await stopped;
    expect(Date.now() - began).toBeLessThan(4000);
    expect(() => server.digits.device.memory()).toThrow('was used after dispose()');
  });

  test('does not wait for a connection that was opened in advance and never used', async () => {
    const server = await start({ stopWithinMs: 5000 }, () => undefined);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve));
    const began = Date.now();
    await stop(server);
    await gone;
    expect(Date.now() - began).toBeLessThan(4000);
  });

  test('aborts a run that is not done in time, and its client hears 503', async () => {
    const server = await start({ stopWithinMs: 50 }, gated().network);
    const answers = ['samples', 'samples/stream'].map((path) => post(`${server.url}/${path}`, LONG));
    await until(() => server.digits.device.runs === 2, 'the runs to be under way');
    await stop(server);
    const [whole, stream] = (await Promise.all(answers)) as [Response, Response];
    expect([whole.status, whole.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await refusalOf(whole)).message).toBe('The server is stopping.');
    expect(await stream.text()).toMatch(/^event: error\ndata: {"code":"ABORT_ERR"/);
    expect(() => server.digits.device.memory()).toThrow('was used after dispose()');
  });

  test('by SIGTERM answers the run under way and exits with 0', async () => {
    const main = join(__dirname, '../../examples/server/main.ts');
    const args = ['-r', 'ts-node/register/transpile-only', main, '--port', '0', '--device', deviceUnderTest];
    const child = spawn(process.execPath, args, { env: process.env });
    const exit = new Promise<unknown>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
    try {
      let url = '';
      for await (const line of createInterface(child.stdout)) {
        url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '';
        if (url !== '') break;
      }
      child.stdout.resume();
      const names: string[] = [];
      for await (const { name } of eventsOf(await post(`${url}/samples/stream`, { ...LONG, steps: 60 }))) {
        if (names.length === 0) child.kill('SIGTERM');
        names.push(name);
      }
      expect(names.at(-1)).toBe('done');
      expect(await exit).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

test('settings are read from the command line, and one that cannot be used is named', () => {
  expect(readSettings(['--port', '0', '--max-runs', '7'])).toMatchObject({ port: 0, limits: { maxRuns: 7 } });
  expect(() => readSettings(['--port', '99999'])).toThrow('Expected an integer from 0 to 65535 for `--port`');
  expect(() => readSettings(['--gpu'])).toThrow("'--gpu'");
});
