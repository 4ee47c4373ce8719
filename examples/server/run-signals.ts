/** `RunSignals`: the AbortSignal of each request, aborted when its client goes away or the server gives up waiting. */
import type { FastifyReply } from 'fastify';

export class RunSignals {
  // A controller per request, not AbortSignal.any with one for all: a signal that lives as long as the process
  // would collect listeners.
  private readonly controllers = new Set<AbortController>();

  /** Requests whose answer has not gone out. */
  get waiting(): number {
    return this.controllers.size;
  }

  of({ raw }: FastifyReply): AbortSignal {
    const controller = new AbortController();
    if (raw.closed) {
      controller.abort(new Error('The client went away.'));
      return controller.signal;
    }
    this.controllers.add(controller);
    raw.once('close', () => {
      this.controllers.delete(controller);
      if (!raw.writableFinished) controller.abort(new Error('The client went away.'));
    });
    return controller.signal;
  }

  abortAll(reason: Error): void {
    for (const controller of this.controllers) controller.abort(reason);
  }
}
