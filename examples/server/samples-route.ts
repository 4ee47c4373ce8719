/** POST /samples: the whole answer at once, in the format that the Accept header asks for. */
import type { FastifyInstance } from 'fastify';
import { preferred } from './accept';
import { FORMATS, MEDIA_TYPES } from './formats';
import { orderOf, orderSchema, type OrderBody } from './order';
import type { Parts } from './server';

export function samplesRoute(app: FastifyInstance, { digits, signals, limits }: Parts): void {
  app.post<{ Body: OrderBody }>('/samples', { schema: { body: orderSchema(limits) } }, async (request, reply) => {
    const type = preferred(request.headers.accept, MEDIA_TYPES);
    if (type === undefined) {
      const message = `Expected one of ${MEDIA_TYPES.join(', ')} for \`Accept\`.`;
      return reply.code(406).send({ error: { code: 'ERR_NOT_ACCEPTABLE', message } });
    }
    const order = orderOf(request.body);
    using samples = await digits.sample(order, signals.of(reply));
    const bytes = FORMATS[type]({ seed: order.seed, shape: samples.shape, data: await samples.data() });
    return reply.header('x-seed', order.seed).header('vary', 'accept').type(type).send(bytes);
  });
}
