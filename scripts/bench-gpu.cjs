/**
 * Measures the engine on a GPU (bench/gpu/bench.sh, which needs no Node) and PyTorch beside it where that is there, and
 * prints tables.
 *   --simulated   on the simulated device: shows that everything runs, and nothing of speed
 *   --carried     takes the executables in build-gpu/ and builds nothing
 *   --read FILE   prints the tables of what bench/gpu/bench.sh wrote elsewhere, and measures nothing
 * BENCH_PYTHON names a Python. Exit status: 0, 1 where something failed, 3 there is no GPU, or no nvcc to build with.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parseArgs } = require('node:util');

const root = join(__dirname, '..');
const { simulated, carried, read } = parseArgs({
  options: {
    simulated: { type: 'boolean', default: false },
    carried: { type: 'boolean', default: false },
    read: { type: 'string' },
  },
}).values;

function measured() {
  if (read !== undefined) return readFileSync(read, 'utf8');
  const args = [...(simulated ? ['--simulated'] : []), ...(carried ? ['--carried'] : [])];
  const { status, stdout } = spawnSync('bash', [join(root, 'bench', 'gpu', 'bench.sh'), ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) {
    process.stdout.write(stdout);
    process.exit(status ?? 1);
  }
  return stdout;
}

/** What a line says of itself: its kind and its words. */
function wordsOf(line) {
  const [kind, ...words] = line.split(' ');
  return { kind, ...Object.fromEntries(words.map((word) => word.split('='))) };
}

const middle = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Lines in their order, each with the middle of its rounds. Lines that stand apart are told apart. */
function readFigures(text) {
  const figures = [];
  for (const row of text.split('\n')) {
    if (row === '' || row.startsWith('#')) continue;
    const [line, answer] = row.split('\t');
    const { seconds, bytes, elements, error } = JSON.parse(answer);
    if (error) throw new Error(`${line}: ${error}`);
    // At most three lines are measured in turns.
    const known = figures.slice(-3).find((each) => each.line === line);
    if (known) known.samples.push(seconds);
    else figures.push({ line, bytes, elements, samples: [seconds], words: wordsOf(line) });
  }
  return figures.map((each) => ({ ...each, seconds: middle(each.samples) }));
}

function print(title, head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const line = (row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  console.log(`\n${title}\n${all.map(line).join('\n')}`);
}

const micro = (seconds) => (seconds * 1e6).toFixed(2);
const giga = (value) => (value / 1e9).toFixed(1);

/** What the passes of bench.sh stand for. */
function passName({ inputs, noise, outputs, networks }) {
  if (inputs === '0') return 'noise alone';
  if (networks !== undefined) return `guided Euler, networks in ${networks}`;
  if (outputs !== undefined) return "guided Euler and the next network's input";
  if (noise !== undefined) return 'guided Euler-Maruyama';
  return { 2: 'Euler', 3: 'guided Euler', 5: 'guided Heun, second pass' }[inputs];
}

function printPasses(figures) {
  const rows = [];
  figures.forEach((figure, i) => {
    const copy = figures[i + 1];
    if (figure.words.kind !== 'combine' || copy?.words.kind !== 'copy') return;
    const exponent = Math.log2(figure.elements);
    const [ours, ceiling] = [figure.bytes / figure.seconds, copy.bytes / copy.seconds];
    const normals = 'noise' in figure.words ? giga(figure.elements / figure.seconds) : '';
    rows.push([
      passName(figure.words),
      `2^${exponent}`,
      giga(ours),
      giga(ceiling),
      (ours / ceiling).toFixed(2),
      micro(figure.seconds),
      normals,
    ]);
  });
  rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const head = ['pass', 'elements', 'GB/s', 'copy GB/s', 'share', 'µs', '10^9 normals/s'];
  print('Passes beside a copy on the device that moves as many bytes', head, rows);
}

const programOf = ({ program }) => program.split('/').at(-1).replace('.txt', '');

function printLaunches(figures) {
  const rows = figures
    .filter(({ elements }) => elements === 4)
    .map(({ words, seconds }) => {
      const graph = words.graph === 'on' ? ', with graphs' : '';
      return [
        words.kind === 'combine' ? 'one pass, launched' : `one step of Euler: a pass and an event${graph}`,
        micro(seconds),
      ];
    });
  print('Launch overhead, with next to no work', ['what', 'µs'], rows);
}

function printSteps(figures, peers) {
  const rows = figures
    .filter(({ words, elements }) => words.kind === 'replay' && elements > 4 && !('network' in words))
    .map(({ words, seconds }) => {
      const graph = words.graph === 'on' ? ', with graphs' : '';
      const of = (mode) => {
        const found = peers.find(
          (p) =>
            p.case === programOf(words) &&
            p.rows === Number(words.rows) &&
            p.elements === Number(words.elements) &&
            p.mode === mode,
        );
        return found?.seconds === undefined ? '-' : (1 / found.seconds).toFixed(0);
      };
      const name = `${programOf(words)}${graph}`;
      return [
        name,
        `${words.rows} × ${words.elements}`,
        (1 / seconds).toFixed(0),
        micro(seconds),
        of('eager'),
        of('compiled'),
      ];
    });
  const head = ['sampler', 'latents', 'steps/s', 'µs', 'PyTorch eager steps/s', 'compiled'];
  print('Steps without their network', head, rows);
}

/** Steps of networks that are kernels themselves. Each line is followed by the same with graphs. */
function printGraphs(figures) {
  const exact = figures.filter(({ words }) => words.kind === 'replay' && 'network' in words);
  const rows = exact
    .filter(({ words }) => !('graph' in words))
    .map(({ words, seconds }, i) => {
      const replayed = exact[2 * i + 1].seconds;
      return [
        programOf(words),
        `${words.rows} × ${words.elements}`,
        micro(seconds),
        micro(replayed),
        (seconds / replayed).toFixed(2),
      ];
    });
  print('Steps with an exact network', ['sampler', 'rows × elements', 'launched µs', 'as graphs µs', 'times'], rows);
}

/** PyTorch's steps, and the sentence that says of which PyTorch, or why there are none. */
function measurePyTorch(figures) {
  if (read !== undefined) return { peers: [], sentence: 'PyTorch: not measured, the figures were read from a file' };
  const shapes = figures.filter(({ words }) => words.kind === 'replay' && 'rows' in words && !('network' in words));
  const latents = [...new Set(shapes.map(({ words }) => `${words.rows},${words.elements}`))];
  const candidates = [process.env.BENCH_PYTHON, '/usr/bin/python3', 'python3'].filter((each) => each !== undefined);
  const python = candidates.find((each) => spawnSync(each, ['-c', 'import torch']).status === 0) ?? candidates.at(-1);
  const where = simulated ? ['cpu', '0.001'] : ['cuda', '0.02'];
  const { status, stdout } = spawnSync(python, [join(root, 'bench', 'gpu', 'torch_steps.py'), ...where, ...latents], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) return { peers: [], sentence: `PyTorch: ${python} did not run` };
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { missing, version } = answers[0];
  if (missing) return { peers: [], sentence: `PyTorch: left out, ${missing}` };
  const peers = answers.slice(1);
  const errors = [...new Set(peers.filter((p) => p.error).map((p) => `${p.mode}: ${p.error}`))];
  return { peers, sentence: [`PyTorch ${version}`, ...errors].join('; ') };
}

const text = measured();
const figures = readFigures(text);
const { peers, sentence } = measurePyTorch(figures);
for (const line of text.split('\n').filter((each) => each.startsWith('# '))) console.log(line.slice(2));
if (simulated) console.log('The device is simulated: these figures say nothing of speed.');
printPasses(figures);
printLaunches(figures);
printSteps(figures, peers);
printGraphs(figures);
console.log(`\n${sentence}`);
