/** The environment of jest.gpu.config.ts: tests open the first GPU of this machine, on the addon that was built. */
import { TestEnvironment } from 'jest-environment-node';

export default class CudaEnvironment extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    this.global['deviceUnderTest'] = 'cuda';
  }
}
