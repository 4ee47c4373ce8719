/** Runs a sweep of faults in a process of its own, which prints what came of each as a line of JSON. */
import { spawn } from 'node:child_process';

/** The samplers that every sweep goes through. */
export const SWEPT_SAMPLERS = ['euler', 'heun', 'euler-maruyama', 'euler-jump'];

export interface SweepEnd<Swept> {
  code: number | null;
  signal: NodeJS.Signals | null;
  sweeps: Swept[];
  stderr: string;
}

export function sweepInProcess<Swept>(
  nodeArguments: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<SweepEnd<Swept>> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, nodeArguments, { env: { ...process.env, ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code, signal) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({ code, signal, sweeps: lines.map((line) => JSON.parse(line) as Swept), stderr });
    });
  });
}
