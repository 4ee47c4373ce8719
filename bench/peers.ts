/** The peers that are installed, each a process that answers lines `case rows elements milliseconds`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { LineServer } from './line-server';

const FOLDER = join(__dirname, 'peers');

export type PeerName = 'PyTorch' | 'NumPy' | 'typed arrays' | 'TensorFlow.js';

/** The first Python that has the module; BENCH_PYTHON goes before the others. */
function pythonWith(module: string): string | undefined {
  const candidates = [process.env['BENCH_PYTHON'], '/usr/bin/python3', 'python3'];
  return candidates.find((c) => c !== undefined && spawnSync(c, ['-c', `import ${module}`]).status === 0);
}

/** Threads of whatever library is beneath. */
const threadEnv = (threads: number): NodeJS.ProcessEnv => ({
  ...process.env,
  OMP_NUM_THREADS: String(threads),
  OPENBLAS_NUM_THREADS: String(threads),
  MKL_NUM_THREADS: String(threads),
});

function open(name: PeerName, threads: number): LineServer | string {
  const python = (module: string, remedy: string): LineServer | string => {
    const command = pythonWith(module);
    if (command === undefined) return `${name}: no Python with ${module}; ${remedy}`;
    return new LineServer(name, command, [join(FOLDER, `${module}_steps.py`), String(threads)], threadEnv(threads));
  };
  const node = (file: string): LineServer => new LineServer(name, process.execPath, [join(FOLDER, file)]);
  switch (name) {
    case 'PyTorch':
      return python('torch', 'on Debian: apt-get install python3-torch');
    case 'NumPy':
      return python('numpy', 'on Debian: apt-get install python3-numpy');
    case 'typed arrays':
      return node('typed-arrays.cjs');
    case 'TensorFlow.js':
      return node('tfjs.cjs');
  }
}

/** Those of `names` that work here; of the others, why not. */
export async function openPeers(
  threads: number,
  names: readonly PeerName[],
): Promise<{ peers: LineServer[]; missing: string[] }> {
  const peers: LineServer[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const peer = open(name, threads);
    const reason = typeof peer === 'string' ? peer : await peer.missing();
    if (reason !== undefined) missing.push(reason);
    if (typeof peer === 'string') continue;
    if (reason === undefined) peers.push(peer);
    else peer.end();
  }
  return { peers, missing };
}
