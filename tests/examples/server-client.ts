/** What a client of examples/server/ does: orders over HTTP, and reads the answers. */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Digits } from '../../examples/server/digits';
import { buildServer, type Server } from '../../examples/server/server';
import { DEFAULT_LIMITS, type Limits } from '../../examples/server/settings';
import { SiTInterface, type Net, type NetworkFunction } from '../../src';
import { deviceUnderTest, onCuda, openDevice } from '../support/device';

export const LIMITS: Limits = { ...DEFAULT_LIMITS, maxSamples: 4, maxSteps: 1000, bodyBytes: 1024, stopWithinMs: 3000 };
const MODEL = join(__dirname, '../../models/digits-sit.onnx');

export interface Running extends Server {
  readonly url: string;
}

/** A server on a port of its own: with the digits network, or with one in JavaScript that the test controls. */
export async function serve(limits: Partial<Limits> = {}, network?: NetworkFunction): Promise<Running> {
  const all = { ...LIMITS, ...limits };
  const opening = { model: MODEL, device: deviceUnderTest, threads: onCuda ? undefined : 2, limits: all };
  const digits = network === undefined ? await Digits.open(opening) : await scripted(new SiTInterface(network), all);
  const server = buildServer(digits, all);
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  return { ...server, url: `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}` };
}

async function scripted(net: Net, { maxRuns }: Limits): Promise<Digits> {
  return new Digits(await openDevice({ threads: 2, maxRuns }), net);
}

export interface Posted {
  accept?: string;
  signal?: AbortSignal;
}

export function post(url: string, body: unknown, { accept, signal }: Posted = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(accept === undefined ? {} : { accept }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

export async function bytesOf(response: Promise<Response>): Promise<Buffer> {
  const answer = await response;
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

export async function refusalOf(response: Response): Promise<{ code: string; message: string }> {
  return ((await response.json()) as { error: { code: string; message: string } }).error;
}

export interface ServerEvent {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent, void, void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const parts = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
    text = parts.pop() as string;
    for (const part of parts) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) as unknown as [string, string, string];
      yield { name, data: JSON.parse(data) as Record<string, unknown> };
    }
  }
}

/** Waits until it is so; fails loudly where it never is. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
