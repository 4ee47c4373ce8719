/** The demonstration: 64 handwritten digits from the small network that comes with the package. */
import { join } from 'node:path';
import { checkDestination, chooseDestination, deliver } from './destination';
import { drawSamples } from './draw-samples';
import { guard } from './failure';
import { command, PACKAGE_ROOT } from './program';
import { deviceOptions, seedOption, type SamplingOptions } from './sampling-options';
import { openSetup } from './setup';
import { summaryText } from './summary';
import { write, type Terminal } from './terminal';

type DemoOptions = Pick<SamplingOptions, 'seed' | 'device' | 'threads'> & { out: string; debug?: true };

/** What is drawn: the digits in counting order, line by line of an 8 × 8 grid. */
const DIGITS = {
  model: join(PACKAGE_ROOT, 'models', 'digits-sit.onnx'),
  sampler: 'heun',
  steps: 32,
  guidance: 2,
  labels: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  nullLabel: 10,
  labelInput: 'y',
  count: 64,
} as const;

async function drawDigits({ out, seed, device, threads }: DemoOptions, terminal: Terminal): Promise<void> {
  const asked = { ...DIGITS, seed, device, ...(threads === undefined ? {} : { threads }) };
  const destination = chooseDestination(out, false, terminal);
  using setup = await openSetup(asked);
  checkDestination(destination, setup.shape);
  const drawing = await drawSamples(setup, { seed, progress: true }, terminal);
  await deliver(destination, drawing, terminal.stdout, { scale: 3, gap: 4 });
  const facts = { device: setup.device, asked, drawing, file: destination.file };
  // Where the samples take stdout, nothing else may.
  await write(destination.file === '-' ? terminal.stderr : terminal.stdout, summaryText(facts));
}

/** Runs the demonstration; answers with its exit code. */
export function runDemo(args: string[], terminal: Terminal): Promise<number> {
  const demo = command('demo', terminal)
    .description('Draw 64 handwritten digits with Heun, 32 steps, guidance 2.')
    .addOption(seedOption(42n))
    .option('-o, --out <file>', "FILE.png, FILE.npy, or '-' for .npy on stdout", 'digits.png')
    .option('--debug', 'show the stack of an error')
    .action((options: DemoOptions) => drawDigits(options, terminal));
  deviceOptions().forEach((option) => demo.addOption(option));
  return guard(args, terminal, async () => {
    await demo.parseAsync(args, { from: 'user' });
  });
}
