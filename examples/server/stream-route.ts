/** POST /samples/stream: the steps of a run as server-sent events, then its picture. */
import { Readable } from 'node:stream';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { SampleRun } from '../../src';
import { png } from './formats';
import { orderOf, orderSchema, type OrderBody } from './order';
import { refusalOf } from './refusal';
import type { Parts } from './server';

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function* eventsOf(run: SampleRun, seed: number, log: FastifyBaseLogger): AsyncGenerator<string, void, void> {
  try {
    for await (const { step, steps } of run.progress()) yield event('progress', { step, steps });
    using samples = await run;
    const image = png({ seed, shape: samples.shape, data: await samples.data() });
    yield event('done', { seed, type: 'image/png', base64: image.toString('base64') });
  } catch (error) {
    // The status has gone out with the first step.
    const { status, code, message } = refusalOf(error as Error);
    if (status === 500) log.error(error);
    yield event('error', { code, message });
  }
}

export function streamRoute(app: FastifyInstance, { digits, signals, limits }: Parts): void {
  app.post<{ Body: OrderBody }>('/samples/stream', { schema: { body: orderSchema(limits) } }, (request, reply) => {
    const order = orderOf(request.body);
    const run = digits.sample(order, signals.of(reply)); // throws what is wrong at once, as a status
    return reply
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .type('text/event-stream')
      .send(Readable.from(eventsOf(run, order.seed, request.log)));
  });
}
