/** How busy other programs keep the machine while something is measured. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

interface Ticks {
  /** Of all processors, idle ones included. */
  all: number;
  busy: number;
  /** Of this process and its descendants. */
  own: number;
}

/** The fields of a process's stat behind its name, which may contain anything. */
function fieldsOf(pid: string): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Ticks of this process, of its children that have ended, and of those that have not. */
function ownTicks(): number {
  const processes = new Map<string, { parent: string; ticks: number }>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = fieldsOf(pid);
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      processes.set(pid, { parent: fields[1] as string, ticks });
    } catch {
      continue; // it has ended meanwhile
    }
  }
  const isOwn = (pid: string): boolean => {
    if (pid === String(process.pid)) return true;
    const parent = processes.get(pid)?.parent;
    return parent !== undefined && isOwn(parent);
  };
  return [...processes].reduce((sum, [pid, { ticks }]) => sum + (isOwn(pid) ? ticks : 0), 0);
}

function ticks(): Ticks | undefined {
  try {
    const fields = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '').split(' ').map(Number);
    const all = fields.slice(0, 8).reduce((sum, field) => sum + field, 0);
    return { all, busy: all - (fields[3] as number) - (fields[4] as number), own: ownTicks() };
  } catch {
    return undefined;
  }
}

/** From how many processors on, used by others, figures are not to be relied on. */
export function isBusy(others: number | undefined): boolean {
  return others !== undefined && others > 0.1;
}

/** Begins to look; the returned function says how many processors others used since, undefined where nobody tells. */
export function watchOthers(cores: number): () => number | undefined {
  const begin = ticks();
  return () => {
    const end = ticks();
    if (begin === undefined || end === undefined || end.all === begin.all) return undefined;
    const others = end.busy - begin.busy - (end.own - begin.own);
    return Number((Math.max(0, others / (end.all - begin.all)) * cores).toFixed(2));
  };
}
