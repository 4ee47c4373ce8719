/** A process of its own, whose memory nothing else has used: prints how far one run took its resident memory. */
import { Device, HeunSampler } from '../src/index';
import { mixtureJob, draw } from './mixture-job';
import { residentPeak } from './resident';

async function main(): Promise<void> {
  const shape = (process.argv[2] as string).split(',').map(Number);
  const device = await Device.open('cpu', { threads: 1 });
  const job = mixtureJob(shape, device);
  const sampler = new HeunSampler({ numSamplingSteps: 8 });
  const { workspaceBytes } = await sampler.plan(job.net, job.shape, job.options);
  // Whatever code and threads a run needs are there after a small one.
  const small = mixtureJob([2, ...shape.slice(1)], device);
  for (let i = 0; i < 20; i++) await draw(sampler, small, i);
  const resident = await residentPeak(() => draw(sampler, job, 1));
  process.stdout.write(JSON.stringify({ workspaceBytes, resident }));
  device.dispose();
}

void main();
