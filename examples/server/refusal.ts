/** From an error to an answer: what a client may know of it, and what only the log hears. */
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Seconds after which to try again. */
  readonly retryAfter?: number;
}

const RETRY_AFTER = 1;

/** The option first, as the library's own sentences name it. */
export function schemaSentence(errors: readonly FastifySchemaValidationError[]): Error {
  const { instancePath = '', keyword, params = {}, message = '' } = errors[0] ?? ({} as FastifySchemaValidationError);
  const path = instancePath.slice(1).replaceAll('/', '.');
  const named = params.missingProperty ?? params.additionalProperty;
  if (keyword === 'required') return new Error(`Expected \`${String(named)}\` in the body.`);
  if (keyword === 'additionalProperties') return new Error(`Expected no \`${String(named)}\` in the body.`);
  const choices = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : '';
  return new Error(`${path === '' ? 'The body' : `\`${path}\``} ${message}${choices}.`);
}

export function refusalOf(error: Partial<FastifyError>): Refusal {
  const { code = 'ERR_INTERNAL', message = '', statusCode = 500 } = error;
  if (error.validation !== undefined) return { status: 400, code: 'ERR_INVALID_BODY', message };
  switch (code) {
    case 'ERR_INVALID_ARGUMENT':
      return { status: 400, code, message };
    case 'ERR_BUSY':
      return { status: 503, code, message: 'As many runs as allowed are under way.', retryAfter: RETRY_AFTER };
    case 'ABORT_ERR': // whose client went away never reads it
      return { status: 503, code, message: 'The server is stopping.', retryAfter: RETRY_AFTER };
  }
  if (statusCode < 500) return { status: statusCode, code, message }; // Fastify's own, such as 413
  return { status: 500, code: 'ERR_INTERNAL', message: 'Something went wrong inside; the log has it.' };
}

export async function sendRefusal(error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { status, code, message, retryAfter } = refusalOf(error);
  if (status >= 500 && retryAfter === undefined) request.log.error(error);
  else request.log.info({ code }, message);
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  await reply.code(status).send({ error: { code, message } });
}
