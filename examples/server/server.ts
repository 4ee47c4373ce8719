/** The server: Fastify with three routes, one error handler, and the limits. */
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { Digits } from './digits';
import { healthRoute } from './health-route';
import { schemaSentence, sendRefusal } from './refusal';
import { RunSignals } from './run-signals';
import { samplesRoute } from './samples-route';
import type { Limits } from './settings';
import { streamRoute } from './stream-route';

/** What the routes share. */
export interface Parts {
  readonly digits: Digits;
  readonly signals: RunSignals;
  readonly limits: Limits;
}

export interface Server extends Parts {
  readonly app: FastifyInstance;
}

/** Takes `digits` over: closing the app disposes of it. */
export function buildServer(digits: Digits, limits: Limits, options: FastifyServerOptions = {}): Server {
  const app = Fastify({
    ...options,
    bodyLimit: limits.bodyBytes,
    requestTimeout: 10_000,
    // As it came or not at all: no '3' for 3, no field dropped in silence.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    schemaErrorFormatter: schemaSentence,
  });
  app.server.maxConnections = limits.maxConnections;
  const parts: Parts = { digits, signals: new RunSignals(), limits };
  app.setErrorHandler(sendRefusal);
  samplesRoute(app, parts);
  streamRoute(app, parts);
  healthRoute(app, parts);
  app.addHook('onClose', () => digits.dispose());
  return { app, ...parts };
}
