/** What a client orders: its fields, their defaults, and the JSON schema with the limits of this server. */
import { randomInt } from 'node:crypto';
import { EulerMaruyamaSampler, EulerSampler, HeunSampler } from '../../src';
import type { Limits } from './settings';

export const SAMPLERS = { euler: EulerSampler, heun: HeunSampler, 'euler-maruyama': EulerMaruyamaSampler };

export interface Order {
  /** One digit per sample. */
  readonly labels: readonly number[];
  readonly seed: number;
  readonly steps: number;
  readonly guidance: number;
  readonly sampler: keyof typeof SAMPLERS;
}

/** The body as the schema leaves it: only the seed may still be absent. */
export type OrderBody = Omit<Order, 'seed'> & { readonly seed?: number };

/** Types and limits of this server. What a seed may be is the library's to say. */
export function orderSchema({ maxSamples, maxSteps, maxGuidance }: Limits): object {
  return {
    type: 'object',
    required: ['labels'],
    additionalProperties: false,
    properties: {
      labels: { type: 'array', minItems: 1, maxItems: maxSamples, items: { type: 'integer', minimum: 0, maximum: 9 } },
      seed: { type: 'integer' },
      steps: { type: 'integer', minimum: 1, maximum: maxSteps, default: Math.min(32, maxSteps) },
      guidance: { type: 'number', minimum: 0, maximum: maxGuidance, default: Math.min(2, maxGuidance) },
      sampler: { enum: Object.keys(SAMPLERS), default: 'heun' },
    },
  };
}

/** Who names no seed gets a fresh one, and is told which. */
export function orderOf(body: OrderBody): Order {
  return { ...body, seed: body.seed ?? randomInt(2 ** 47) };
}
