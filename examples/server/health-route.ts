/** GET /health: what a supervisor and a dashboard want to know. Asks no driver and starts nothing. */
import type { FastifyInstance } from 'fastify';
import type { Parts } from './server';

export function healthRoute(app: FastifyInstance, { digits, limits }: Parts): void {
  app.get('/health', (_, reply) => {
    const { kind, name, threads, lanes, fallback, runs } = digits.device;
    void reply.code(digits.broken ? 503 : 200).header('cache-control', 'no-store');
    return reply.send({
      status: digits.broken ? 'broken' : 'ok',
      device: { kind, name, threads, lanes, fallback },
      memory: digits.device.memory(),
      runs: { underWay: runs, most: limits.maxRuns },
    });
  });
}
