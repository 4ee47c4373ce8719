/** Owns a native object: freed at `dispose()`, or as soon after it as nobody holds it any more. */
import { channel } from 'node:diagnostics_channel';
import { DisposedError } from './errors';

interface Releasable {
  release(): void;
}

/** Message of the channel 'diffusion-samplers:leak'. */
export interface Leak {
  /** What was collected without dispose(), such as 'The ONNX model'. */
  readonly owner: string;
  /** Where it was made. */
  readonly stack: string | undefined;
}

/** Whoever subscribes hears of handles that garbage collection had to free; nobody else pays for it. */
const leaks = channel('diffusion-samplers:leak');
const collected = new FinalizationRegistry<Leak>((leak) => leaks.publish(leak));

/** `holder` is reported where it is collected before `wasDisposed` is told of it. */
export function reportIfLeaked(holder: object, owner: string): void {
  if (leaks.hasSubscribers) collected.register(holder, { owner, stack: new Error(owner).stack }, holder);
}

export function wasDisposed(holder: object): void {
  collected.unregister(holder);
}

export class Handle<T extends Releasable> {
  private disposed = false;
  private holds = 0;

  constructor(
    private readonly object: T,
    /** How errors name the owner. */
    private readonly owner: string,
  ) {
    reportIfLeaked(this, owner);
  }

  /** The object, for a call that does not outlive this turn. @throws DisposedError */
  get(): T {
    if (this.disposed) throw new DisposedError(this.owner);
    return this.object;
  }

  /** The object, for who holds it already or could. @throws DisposedError */
  whileHeld(): T {
    return this.holds > 0 ? this.object : this.get();
  }

  /** The object, kept alive until the returned `release` is called. @throws DisposedError */
  hold(): { object: T; release: () => void } {
    const object = this.get();
    this.holds++;
    let held = true;
    const release = (): void => {
      if (held) this.holds--;
      held = false;
      this.settle();
    };
    return { object, release };
  }

  /** Idempotent. */
  dispose(): void {
    this.disposed = true;
    wasDisposed(this);
    this.settle();
  }

  private settle(): void {
    if (this.disposed && this.holds === 0) this.object.release(); // idempotent too
  }
}
