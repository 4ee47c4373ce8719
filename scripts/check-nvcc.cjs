/**
 * Checks what nvcc makes of the kernels, for every architecture of the build and with its flags: registers and the
 * occupancy that they allow, spills and stack, and in the PTX 16-byte access, rounding, fma and local memory.
 * Plants a fault of each kind first, to see it caught. Needs no GPU.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { architectures, kernelCommands, nvccOrSkip } = require('./kernel-build.cjs');
const stop = require('./stop.cjs');

const out = join(__dirname, '..', 'build-nvcc');

/**
 * What each kernel must leave room for: the share of a multiprocessor's threads that can be resident at its block size,
 * which states a limit of registers on each architecture, and why where it is not all of them. `tile`: moves 16 bytes
 * at once where it can. Template arguments: outputs, and whether some buffer is float16 or bfloat16.
 */
const expectations = [
  { kernel: /^combine_kernel<1, [01]>$/, occupancy: 1, tile: true },
  // Eight sums in registers: all threads where there are 1536 or 1024 of them, and three quarters of 2048.
  { kernel: /^combine_kernel<2, 0>$/, occupancy: 0.75, tile: true },
  // And the conversions: ten blocks.
  { kernel: /^combine_kernel<2, 1>$/, occupancy: 0.625, tile: true },
  // 32 sums in registers: seven blocks, of which each thread has 16 bytes or more in flight.
  { kernel: /^combine_kernel<8, [01]>$/, occupancy: 0.4375, tile: true },
  // Twelve values of three tiles in registers.
  { kernel: /^mixture_output_kernel$/, occupancy: 0.75, tile: true },
  { kernel: /^mixture_partials_kernel$/, occupancy: 1 },
  { kernel: /^mixture_center_kernel$/, occupancy: 1 },
  { kernel: /^advance_kernel$/, occupancy: 1 },
  // float64, one thread for each row: rows are too few to fill a device.
  { kernel: /^mixture_weights_kernel$/, occupancy: 0.5 },
];

/** "combine_kernel<2>" out of a mangled name; template arguments are read as far as they are numbers. */
function titleOf(mangled) {
  const found = /\d+([a-z]\w*?_kernel)(?:I((?:L[a-z]\d+E)+)E)?/.exec(mangled.replace(/^.*_cu_[0-9a-f]{8}/, ''));
  if (!found) return mangled;
  const values = [...(found[2] ?? '').matchAll(/L[a-z](\d+)E/g)].map((value) => value[1]);
  return values.length > 0 ? `${found[1]}<${values.join(', ')}>` : found[1];
}

/** Compiles one source for `numbers`: what ptxas reports of each kernel, and the PTX of each architecture. */
function compile(nvcc, { name, source, folder, flags }, numbers, purpose = 'kept') {
  const kept = join(out, purpose, name);
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(kept, { recursive: true });
  const targets = numbers.map((number) => `-gencode=arch=compute_${number},code=[compute_${number},sm_${number}]`);
  const args = [...flags, ...targets, '-Xptxas=-v', '--keep', '--keep-dir', kept, '--threads', '2'];
  const answer = spawnSync(nvcc, [...args, '-c', source, '-o', join(kept, `${name}.o`)], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (answer.status !== 0) stop(`nvcc did not compile ${source}:\n${answer.stderr}`);
  const text = numbers.map((number) => {
    const file = join(kept, numbers.length > 1 ? `${name}.compute_${number}.ptx` : `${name}.ptx`);
    return { number, ptx: readFileSync(file, 'utf8') };
  });
  return { usage: usageOf(answer.stderr + answer.stdout), text };
}

/** What ptxas -v says of each kernel on each architecture. */
function usageOf(report) {
  const usage = [];
  for (const line of report.split('\n')) {
    const entry = /Compiling entry function '(\w+)' for 'sm_(\d+)'/.exec(line);
    const memory = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    const registers = /Used (\d+) registers/.exec(line);
    if (entry) usage.push({ kernel: titleOf(entry[1]), number: Number(entry[2]) });
    if (memory) Object.assign(usage.at(-1), { stack: Number(memory[1]), spill: Number(memory[2]) + Number(memory[3]) });
    if (registers) usage.at(-1).registers = Number(registers[1]);
  }
  return usage;
}

/** Kernels of a PTX text: title, lines, threads of a block. */
function kernelsOf(ptx) {
  return ptx
    .split(/^(?:\.visible )?\.entry /m)
    .slice(1)
    .map((text) => ({
      kernel: titleOf(/^\w+/.exec(text)[0]),
      blockThreads: Number(/\.maxntid (\d+)/.exec(text)?.[1]),
      lines: text.split('\n').map((line) => line.trim()),
    }));
}

/** Asks ptxas how many threads a multiprocessor holds: it says which numbers of blocks are too many. */
function residentThreads(nvcc, number, version, blockThreads) {
  const most = 32;
  const entries = Array.from(
    { length: most },
    (_, i) => `.entry k${i + 1}() .maxntid ${blockThreads}, 1, 1 .minnctapersm ${i + 1} { ret; }`,
  );
  const file = join(out, `resident_${number}.ptx`);
  writeFileSync(file, [`.version ${version}`, `.target sm_${number}`, '.address_size 64', ...entries, ''].join('\n'));
  const answer = spawnSync(join(dirname(nvcc), 'ptxas'), [`-arch=sm_${number}`, file, '-o', `${file}.cubin`], {
    encoding: 'utf8',
  });
  const refused = [...`${answer.stderr}${answer.stdout}`.matchAll(/entry k(\d+) is out of range/g)].map((found) =>
    Number(found[1]),
  );
  if (answer.status !== 0 || refused.length === 0) stop(`ptxas does not say how many blocks sm_${number} holds`);
  return (Math.min(...refused) - 1) * blockThreads;
}

/** The share of `resident` threads that fit: registers go to warps by eights, a quarter of them in each part. */
function occupancyOf(registers, resident, blockThreads) {
  const perWarp = Math.ceil(registers / 8) * 8 * 32;
  const warps = 4 * Math.floor(16384 / perWarp);
  return Math.min(1, (Math.floor((warps * 32) / blockThreads) * blockThreads) / resident);
}

/** The most registers of which that share of threads still has its own. */
function registerLimit(share, resident, blockThreads) {
  let limit = 255;
  while (limit > 0 && occupancyOf(limit, resident, blockThreads) < share) limit -= 1;
  return limit;
}

/** What is wrong with the PTX of one kernel; `plainFma`: how many fma the source itself asks for. */
function faultsOf({ kernel, lines }, plainFma, tile) {
  const faults = [];
  const fault = (what, line = '') => faults.push(`${kernel}: ${what}${line && `: ${line}`}`);
  for (const line of lines) {
    const name = /^(?:@!?%p\d+\s+)?([a-z][\w.]*)/.exec(line)?.[1] ?? '';
    if (/\.(approx|ftz|full)\b|^(ex2|lg2|sin|cos|tanh|rsqrt)\./.test(name))
      fault('an approximate or flushing instruction', line);
    if (/^(add|sub|mul|fma|mad|div|rcp|sqrt)\..*f(16|32|64)/.test(name) && !/\.rn\b/.test(name))
      fault('not rounded to nearest', line);
    if (/^\.local|\.local\b/.test(line)) fault('local memory', line);
  }
  const count = (pattern) => lines.filter((line) => pattern.test(line)).length;
  const fma = count(/^(@!?%p\d+\s+)?fma\./);
  if (fma !== plainFma) fault(`${fma} fma where the source has ${plainFma}: a product and a sum were fused`);
  if (tile) {
    const outputs = Number(/<(\d+)/.exec(kernel)?.[1] ?? 1);
    const loads = count(/ld\.global(\.nc)?\.(v4\.\w32|v2\.\w64)/),
      stores = count(/st\.global\.(v4\.\w32|v2\.\w64)/);
    if (loads < 1) fault('no 16-byte load');
    if (stores < outputs) fault(`${stores} 16-byte stores for ${outputs} outputs`);
  }
  return faults;
}

/** The fma of each kernel when nothing may be fused, whatever the build's flags say. */
function plainFmaOf(nvcc, command, number) {
  const flags = [...command.flags.filter((flag) => !/^-?-fmad/.test(flag)), '--fmad=false'];
  const { text } = compile(nvcc, { ...command, flags }, [number], 'plain');
  return new Map(
    kernelsOf(text[0].ptx).map(({ kernel, lines }) => [
      kernel,
      lines.filter((line) => /^(@!?%p\d+\s+)?fma\./.test(line)).length,
    ]),
  );
}

/** Everything about one source on some architectures: rows for the table, and faults. */
function examine(nvcc, command, numbers) {
  const { usage, text } = compile(nvcc, command, numbers);
  const faults = [],
    resident = new Map();
  let before = null;
  for (const { number, ptx } of text) {
    const kernels = kernelsOf(ptx);
    const version = /^\.version (\S+)/m.exec(ptx)[1];
    resident.set(number, residentThreads(nvcc, number, version, kernels[0].blockThreads));
    const instructions = ptx.slice(ptx.indexOf('.address_size'));
    // Neighbouring architectures often share their PTX.
    if (instructions === before) continue;
    before = instructions;
    const plain = plainFmaOf(nvcc, command, number);
    for (const kernel of kernels) {
      const expected = expectations.find(({ kernel: pattern }) => pattern.test(kernel.kernel));
      if (!expected) faults.push(`${kernel.kernel}: nothing is expected of it; add it to scripts/check-nvcc.cjs`);
      if (expected && kernel.blockThreads !== kernels[0].blockThreads)
        faults.push(`${kernel.kernel}: a block of another size`);
      faults.push(
        ...faultsOf(kernel, plain.get(kernel.kernel), expected?.tile).map((what) => `compute_${number}, ${what}`),
      );
    }
  }
  const blockThreads = kernelsOf(text[0].ptx)[0].blockThreads;
  const rows = usage.map((of) => {
    const occupancy = occupancyOf(of.registers, resident.get(of.number), blockThreads);
    const expected = expectations.find(({ kernel }) => kernel.test(of.kernel))?.occupancy ?? 1;
    if (of.spill > 0) faults.push(`sm_${of.number}, ${of.kernel}: spills ${of.spill} bytes`);
    if (of.stack > 0) faults.push(`sm_${of.number}, ${of.kernel}: a stack frame of ${of.stack} bytes`);
    if (occupancy < expected) {
      faults.push(
        `sm_${of.number}, ${of.kernel}: ${of.registers} registers allow ${occupancy * 100} % of the threads, not ${expected * 100} %`,
      );
    }
    return { ...of, occupancy, limit: registerLimit(expected, resident.get(of.number), blockThreads) };
  });
  return { rows, faults };
}

/** 64 values that all live at once. */
const manyValues = [
  'float x[64];',
  '#pragma unroll',
  'for (int i = 0; i < 64; ++i) x[i] = from[i * 256 + threadIdx.x];',
  '__syncthreads();',
  '#pragma unroll',
  'for (int i = 0; i < 64; ++i) to[i * 256 + threadIdx.x] = x[i] - x[63 - i];',
].join('\n');

/** Sources with one fault each, and the words that it must be found by. */
const plants = [
  {
    name: 'planted_exp',
    words: 'an approximate or flushing instruction',
    body: 'to[threadIdx.x] = __expf(from[threadIdx.x]);',
  },
  {
    name: 'planted_contraction',
    words: 'a product and a sum were fused',
    // As if --fmad=false had been lost from the build.
    flags: (flags) => flags.filter((flag) => !/^-?-fmad/.test(flag)),
    body: 'to[threadIdx.x] = from[threadIdx.x] * from[threadIdx.x + 1] + from[threadIdx.x + 2];',
  },
  {
    name: 'planted_spill',
    words: 'spills',
    bounds: '256, 4',
    body: manyValues,
  },
  { name: 'planted_registers', words: 'registers allow', body: manyValues },
  {
    name: 'planted_local',
    words: 'local memory',
    body: 'float x[64]; for (int i = 0; i < 64; ++i) x[i] = from[i]; to[0] = x[static_cast<int>(from[threadIdx.x]) & 63];',
  },
  {
    name: 'planted_rounding',
    words: 'not rounded to nearest',
    body: 'to[threadIdx.x] = __fadd_rz(from[threadIdx.x], 1.0f);',
  },
];

function plantedFault(nvcc, plant, command, number) {
  const source = join(out, `${plant.name}.cu`);
  writeFileSync(
    source,
    `__global__ void __launch_bounds__(${plant.bounds ?? 256}) ${plant.name}_kernel(const float* from, float* to) { ${plant.body} }\n`,
  );
  const flags = plant.flags ? plant.flags(command.flags) : command.flags;
  const { faults } = examine(nvcc, { ...command, name: plant.name, source, flags }, [number]);
  if (!faults.some((fault) => fault.includes(plant.words))) return `${plant.name} is not caught by '${plant.words}'`;
  return null;
}

function main() {
  const nvcc = nvccOrSkip('check:nvcc');
  if (!nvcc) return;
  const numbers = architectures(nvcc),
    commands = kernelCommands(out);
  const faults = plants.map((plant) => plantedFault(nvcc, plant, commands[0], numbers.at(-1))).filter(Boolean);
  const rows = [];
  for (const command of commands) {
    const found = examine(nvcc, command, numbers);
    rows.push(...found.rows);
    faults.push(...found.faults);
  }
  rows.sort((a, b) => a.kernel.localeCompare(b.kernel) || a.number - b.number);
  const cells = rows.map(({ kernel, number, registers, limit, spill, stack, occupancy }) =>
    [kernel, `sm_${number}`, registers, limit, spill, stack, `${Math.round(occupancy * 100)} %`].map(String),
  );
  const table = [['kernel', 'for', 'registers', 'limit', 'spill', 'stack', 'occupancy'], ...cells];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
  for (const fault of faults) console.log(`FAILED: ${fault}`);
  console.log(
    `check:nvcc: ${rows.length} kernels on ${numbers.length} architectures, ${plants.length} plants, ${faults.length} faults`,
  );
  if (faults.length > 0) process.exitCode = 1;
}

main();
