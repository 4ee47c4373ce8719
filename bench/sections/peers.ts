/** The same updates by what one would otherwise use, with as many threads, in turns with ours. */
import { programFile, threadCounts, threadsText, withEngine } from '../engine';
import { openPeers } from '../peers';
import { atLeast, type Figure, type Section, type Target } from '../section';
import { interleave, ratios, spreadOf } from '../spread';

const CASES = ['euler-guided', 'heun-guided', 'euler-maruyama', 'euler-maruyama-guided'];
const ELEMENTS = 4 * 64 * 64;

function wanted(name: string): number {
  return name.startsWith('euler-maruyama') ? 2 : 4;
}

export const peers: Section = async (settings) => {
  const figures: Figure[] = [];
  const targets: Target[] = [];
  let absent: string[] = [];
  const milliseconds = settings.quick ? 20 : 30;
  for (const threads of threadCounts(settings.threads)) {
    // What has one thread is compared once.
    const names =
      threads === 1 ? (['PyTorch', 'NumPy', 'typed arrays', 'TensorFlow.js'] as const) : (['PyTorch'] as const);
    const { peers: open, missing } = await openPeers(threads, names);
    if (threads === 1) absent = missing;
    await withEngine(threads, milliseconds, async (engine) => {
      for (const rows of settings.quick ? [16] : [16, 256]) {
        for (const name of rows > 16 ? CASES.slice(0, 3) : CASES) {
          const sources: Record<string, () => Promise<number>> = {
            ours: async () =>
              (await engine.ask(`replay program=${programFile(name)} rows=${rows} elements=${ELEMENTS}`)).seconds,
          };
          for (const peer of open) {
            sources[peer.name] = async () => (await peer.ask(`${name} ${rows} ${ELEMENTS} ${milliseconds}`)).seconds;
          }
          const samples = await interleave<string>(settings.quick ? 3 : 5, sources);
          engine.tell('forget');
          const ours = samples['ours'] as number[];
          const values: Figure['values'] = { 'ours µs/step': spreadOf(ours.map((s) => s * 1e6)) };
          const label = `${name}, ${rows} × 4 × 64 × 64, ${threadsText(threads)}`;
          for (const peer of open) {
            const times = spreadOf(ratios(samples[peer.name] as number[], ours));
            values[`${peer.name} / ours`] = times;
            if (peer.name === 'PyTorch') {
              targets.push(atLeast(`${label}, against PyTorch`, times.median, wanted(name), 'times'));
            }
          }
          figures.push({ name: label, values });
        }
      }
    }).finally(() => open.forEach((peer) => peer.end()));
  }
  return { title: 'Steps against peers', figures, targets, missing: absent };
};
