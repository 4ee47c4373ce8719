/** The simulated CUDA device as tests steer it; tests/cuda-sim/README.md says what the functions do. */
import { resolve } from 'node:path';

/** What a good part of the CUDA runtime's errors is called. */
export const CUDA_ERRORS = {
  cudaErrorInvalidValue: 1,
  cudaErrorMemoryAllocation: 2,
  cudaErrorIllegalAddress: 700,
  cudaErrorLaunchFailure: 719,
} as const;

export interface Live {
  deviceBytes: number;
  allocations: number;
  pinnedBytes: number;
  pinned: number;
  streams: number;
  events: number;
  pools: number;
  graphs: number;
  graphExecs: number;
  reservedBytes: number;
  queued: number;
}

/** Bytes by the width of the access. */
export interface KernelCounts {
  launches: number;
  read: Record<string, number>;
  written: Record<string, number>;
}

export interface Counts {
  total: number;
  byName: Record<string, number>;
  kernels: Record<string, KernelCounts>;
  ptx: { launches: number; instructions: number };
}

export interface CudaSim {
  seed(n: number): void;
  counts(): Counts;
  resetCounts(): void;
  failAt(failure: { call?: string; n: number; error: number; sticky?: boolean }): void;
  clearFailure(): number;
  faults(): string[];
  clearFaults(): void;
  live(): Live;
  leaks(): string[];
  contexts(): number[];
  runPtx(texts: Record<string, string>): void;
  configure(options: { devices?: number; memory?: number }): void;
  reset(options?: { force?: boolean }): void;
}

/** A file that scripts/build-sim.cjs made; CUDA_SIM_BUILD names another folder, as that with sanitizers. */
export function simFile(name: string): string {
  return resolve(__dirname, '../..', process.env['CUDA_SIM_BUILD'] ?? 'build-sim', 'Release', name);
}

export function loadCudaSim(): CudaSim {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a .node file has no other loader in CommonJS
  return require(simFile('cuda_sim.node')) as CudaSim;
}
