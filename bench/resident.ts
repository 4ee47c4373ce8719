/** What the system says of this process: its peak memory, and how many of its threads run. Linux only. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';

const isLinux = process.platform === 'linux';

function field(name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(found) * 1024;
}

/** Bytes by which resident memory rose at most while `work` ran; undefined where the system does not tell. */
export async function residentPeak(work: () => Promise<unknown>): Promise<number | undefined> {
  if (!isLinux) return void (await work());
  try {
    writeFileSync('/proc/self/clear_refs', '5'); // begins a new peak
  } catch {
    return void (await work());
  }
  const before = field('VmRSS');
  await work();
  return field('VmHWM') - before;
}

/** Threads of this process that run or would, save those that give way to others, as ONNX Runtime's do here. */
function running(): number {
  let count = 0;
  const usual = getPriority();
  for (const task of readdirSync('/proc/self/task')) {
    try {
      const stat = readFileSync(`/proc/self/task/${task}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'R' && Number(fields[16]) <= usual) count++;
    } catch {
      continue; // it has ended meanwhile
    }
  }
  return count;
}

/** How many threads ran on average while `work` ran, not counting the one that looks. */
export async function threadsRunning(work: () => Promise<unknown>): Promise<number | undefined> {
  if (!isLinux) return void (await work());
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(running() - 1), 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return seen.reduce((sum, n) => sum + n, 0) / Math.max(seen.length, 1);
}
