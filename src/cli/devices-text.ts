/** The report on devices for people: what was built in, what was found, why not, and what to do. */
import type { DeviceReport } from '../device';
import type { NativeAddon } from '../native';
import { bytes, counted } from './figures';
import { pairs } from './table';

export function devicesText({ cpu, cuda }: DeviceReport, build: NativeAddon['build']): string {
  const entries: [string, string][] = [
    [
      'built with',
      build.cuda ? `${build.compiler}, CUDA for ${build.cudaArchitectures}` : `${build.compiler}, no CUDA`,
    ],
    ['cpu', `${counted(cpu.cores, 'core')}, lanes ${cpu.lanes.join(', ')}`],
  ];
  if (!cuda.usable) {
    entries.push(['cuda', `not usable: ${cuda.reason}`], ['remedy', cuda.remedy]);
  }
  for (const { ordinal, name, totalBytes, computeCapability } of cuda.devices) {
    entries.push([`cuda:${ordinal}`, `${name}, ${bytes(totalBytes)}, compute capability ${computeCapability}`]);
  }
  return `${pairs(entries).join('\n')}\n`;
}
