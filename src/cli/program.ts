/** The command `diffusion-samplers`: its subcommands and what each does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { devices } from '../device';
import { expected, SamplersError } from '../errors';
import { native } from '../native';
import { buildAddon, type BuildOptions } from './build-addon';
import { checkDestination, chooseDestination, deliver } from './destination';
import { devicesText } from './devices-text';
import { diagnose } from './doctor';
import { doctorText } from './doctor-text';
import { drawSamples } from './draw-samples';
import { guard } from './failure';
import { planText } from './plan-table';
import { addSamplingOptions, type SamplingOptions } from './sampling-options';
import { openSetup, standInSetup, type Setup } from './setup';
import { summaryJson, summaryText } from './summary';
import { write, type Terminal } from './terminal';

interface SampleCommandOptions extends SamplingOptions {
  out?: string;
  progress: boolean;
  json?: boolean;
}

interface PlanCommandOptions extends SamplingOptions {
  json?: boolean;
}

/** The package's folder, from src/cli as from dist/cli. */
export const PACKAGE_ROOT = join(__dirname, '..', '..');

function packageVersion(): string {
  const text = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function sample(asked: SampleCommandOptions, terminal: Terminal): Promise<void> {
  const { model, json = false } = asked;
  if (model === undefined) throw expected('the path of an .onnx file', '--model', model);
  const destination = chooseDestination(asked.out, json, terminal);
  using setup = await openSetup({ ...asked, model });
  checkDestination(destination, setup.shape);
  const drawing = await drawSamples(setup, asked, terminal);
  await deliver(destination, drawing, terminal.stdout);
  const facts = { device: setup.device, asked, drawing, file: destination.file };
  await (json ? write(terminal.stdout, summaryJson(facts)) : write(terminal.stderr, summaryText(facts)));
}

async function plan(asked: PlanCommandOptions, terminal: Terminal): Promise<void> {
  const { model, json = false } = asked;
  using setup: Setup = model === undefined ? standInSetup(asked) : await openSetup({ ...asked, model });
  const { sampler, net, shape, options } = setup;
  const planned = await sampler.plan(net, shape, { ...options, signal: terminal.signal });
  await write(terminal.stdout, json ? `${JSON.stringify(planned)}\n` : planText(planned));
}

async function listDevices({ json = false }: { json?: boolean }, terminal: Terminal): Promise<void> {
  const report = devices();
  const { build } = native();
  await write(terminal.stdout, json ? `${JSON.stringify({ build, ...report })}\n` : devicesText(report, build));
}

async function doctor({ json = false }: { json?: boolean }, terminal: Terminal): Promise<void> {
  const diagnosis = diagnose();
  const report = json ? `${JSON.stringify({ version: packageVersion(), ...diagnosis })}\n` : doctorText(diagnosis);
  await write(terminal.stdout, report);
  if (!diagnosis.usable) throw new SamplersError('ERR_NOT_USABLE', 'Something that is needed is not there.');
}

/** A commander command that throws instead of exiting, and speaks through `terminal`. */
export function command(name: string, { stdout, stderr }: Terminal): Command {
  return new Command(name)
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });
}

const SAMPLE_EXAMPLE = `
Example:
  diffusion-samplers sample --model models/digits-sit.onnx --labels 0-9 --null-label 10 --guidance 2 --out digits.png`;

const PLAN_NOTE = `
Without --model stand-ins take the networks' place and nothing is loaded. Seed, device and threads do not change a plan.
In the stages, b0 is the state, b1, b2, ... are further buffers, z(i) is the noise of draw i.`;

function buildProgram(terminal: Terminal): Command {
  const program = command('diffusion-samplers', terminal)
    .description('Draw samples from diffusion and flow-matching networks.')
    .version(packageVersion())
    .option('--debug', 'show the stack of an error');

  const json = (text: string): Option => new Option('--json', text);
  addSamplingOptions(
    program.command('sample').description('draw samples and write them'),
    'an ONNX velocity network on the SiT path',
  )
    .option('-o, --out <file>', "FILE.png, FILE.npy, or '-' for .npy on stdout (default where it is piped)")
    .option('--no-progress', 'no progress bar')
    .addOption(json('the summary as JSON on stdout'))
    .addHelpText('after', SAMPLE_EXAMPLE)
    .action((options: SampleCommandOptions) => sample(options, terminal));

  addSamplingOptions(
    program.command('plan').description('show what sample would do'),
    'an ONNX velocity network on the SiT path (optional)',
  )
    .addOption(json('the whole plan as JSON'))
    .addHelpText('after', PLAN_NOTE)
    .action((options: PlanCommandOptions) => plan(options, terminal));

  program
    .command('devices')
    .description('show what was built in, what was found, and why not')
    .addOption(json('as JSON'))
    .action((options: { json?: boolean }) => listDevices(options, terminal));

  program
    .command('doctor')
    .description('check whether this package can sample here, and say what to do where it cannot')
    .addOption(json('as JSON'))
    .action((options: { json?: boolean }) => doctor(options, terminal));

  program
    .command('build')
    .description('build the native addon from the sources in this package')
    .addOption(new Option('--cuda <choice>', 'build with CUDA').choices(['auto', 'on', 'off']).default('auto'))
    .action((options: BuildOptions) => buildAddon(options, terminal));
  return program;
}

/** Runs the command; answers with its exit code. */
export function runProgram(args: string[], terminal: Terminal): Promise<number> {
  return guard(args, terminal, async () => {
    await buildProgram(terminal).parseAsync(args, { from: 'user' });
  });
}
