/** Normals per second and core against PyTorch and NumPy, what exactness costs, and what noise costs in a pass. */
import { withEngine } from '../engine';
import { openPeers } from '../peers';
import type { LineServer } from '../line-server';
import { atLeast, atMost, type Figure, type Section, type SectionResult, type Target } from '../section';
import { interleave, ratios, spreadOf } from '../spread';

const ELEMENTS = 2 ** 20;

/** Engines, one after the other: what the system gives one process costs noise up to a sixth, and lasts as long as it. */
const ENGINES = 5;

export const noise: Section = async (settings) => {
  const { peers, missing } = await openPeers(1, ['PyTorch', 'NumPy']);
  try {
    const all: Record<string, number[]> = {};
    for (let i = 0; i < ENGINES; i++) {
      const samples = await withEngine(1, settings.quick ? 10 : 30, (engine) =>
        measure(engine, peers, settings.rounds),
      );
      for (const [name, some] of Object.entries(samples)) all[name] = [...(all[name] ?? []), ...some];
    }
    return { ...judge(all, peers), missing };
  } finally {
    peers.forEach((peer) => peer.end());
  }
};

function measure(engine: LineServer, peers: readonly LineServer[], rounds: number): Promise<Record<string, number[]>> {
  const of = (line: string) => async (): Promise<number> => (await engine.ask(line)).seconds;
  const alone = `combine inputs=0 noise=1 elements=${ELEMENTS}`;
  const peerSources = peers.map((peer) => [
    peer.name,
    async () => (await peer.ask(`normals 1 ${ELEMENTS} 30`)).seconds,
  ]);
  return interleave<string>(rounds, {
    exact: of(alone),
    fast: of(`${alone} build=fast-math`),
    fused: of(`combine inputs=3 noise=1 elements=${ELEMENTS}`),
    plain: of(`combine inputs=3 elements=${ELEMENTS}`),
    read: of(`combine inputs=4 elements=${ELEMENTS}`),
    ...(Object.fromEntries(peerSources) as Record<string, () => Promise<number>>),
  });
}

function judge(
  samples: Readonly<Record<string, number[]>>,
  peers: readonly LineServer[],
): Omit<SectionResult, 'missing'> {
  const seconds = (name: string): number[] => samples[name] as number[];
  const rate = (name: string) => spreadOf(seconds(name).map((s) => ELEMENTS / s / 1e6));
  const exactness = spreadOf(ratios(seconds('exact'), seconds('fast')).map((r) => (r - 1) * 100));
  const apart = seconds('exact').map((s, i) => s + (seconds('read')[i] as number));
  const fused = spreadOf(ratios(seconds('fused'), apart));
  const extra = seconds('fused').map((s, i) => (s - (seconds('plain')[i] as number)) / (seconds('exact')[i] as number));
  const figures: Figure[] = [
    { name: 'exact', values: { 'M normals/s, 1 thread': rate('exact') } },
    { name: 'with fast-math', values: { 'M normals/s, 1 thread': rate('fast') } },
    ...peers.map(({ name }) => ({ name, values: { 'M normals/s, 1 thread': rate(name) } })),
    { name: 'cost of exactness, %', values: { value: exactness } },
    { name: 'fused / noise pass and pass that reads it', values: { value: fused } },
    { name: '(fused - pass without noise) / noise alone', values: { value: spreadOf(extra) } },
  ];
  const targets: Target[] = [
    atMost('cost of exactness', exactness.median, 5, '%'),
    atMost('fused in the pass / in a pass of its own', fused.median, 1, 'times'),
  ];
  const wanted: Record<string, number> = { PyTorch: 3, NumPy: 8 };
  for (const { name } of peers) {
    const times = spreadOf(ratios(seconds(name), seconds('exact'))).median;
    targets.push(atLeast(`normals against ${name}`, times, wanted[name] as number, 'times'));
  }
  return { title: 'Noise', figures, targets };
}
