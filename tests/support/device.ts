/**
 * The device under test: the CPU, or with jest.sim.config.ts the simulated CUDA device. Tests that
 * are about samples, networks, runs or errors open it here and so run on both.
 */
import { Device, type DeviceOptions } from '../../src';
import type { native } from '../../src/native';

/** Set by the environment of the project. */
export const { deviceUnderTest = 'cpu' } = globalThis as { deviceUnderTest?: 'cpu' | 'cuda' };
export const onCuda = deviceUnderTest === 'cuda';

/** On CUDA without `threads`, which only the CPU takes. */
export function openDevice(options: Omit<DeviceOptions, 'lanes'> = {}): Promise<Device> {
  if (!onCuda) return Device.open('cpu', options);
  const { threads: _, ...others } = options;
  return Device.open('cuda', others);
}

/** The same as a piece of a program that has `Device` at hand. */
export function openingText(threads: number): string {
  return onCuda ? `Device.open('cuda')` : `Device.open('cpu', { threads: ${threads} })`;
}

/** What the addon's own `openDevice` is called with. */
export function nativeOpening(threads: number, lanes: string): Parameters<ReturnType<typeof native>['openDevice']> {
  return onCuda ? ['cuda', 0, 1, 'cuda'] : ['cpu', 0, threads, lanes];
}

/** Rows or steps of a test whose statement holds for fewer too: the simulated device runs a kernel thread by thread. */
export function fewerOnCuda(count: number, by: number): number {
  return onCuda ? Math.ceil(count / by) : count;
}
