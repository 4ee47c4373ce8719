/** Networks for EulerJump: the exact flow map of Gaussian data, and a velocity in the place of one. */
import { readFileSync } from 'node:fs';
import { onnx } from 'onnx-proto';
import { MeanFlowInterface, OnnxNet, type Device } from '../src/index';
import { gaussianFlowMap } from '../tests/support/gaussian-flow-map';
import type { Job } from './mixture-job';

/**
 * A velocity network that is told where a jump goes and does not look: EulerJump then is Euler's method, and takes as long
 * as with a flow map of this size.
 */
export async function velocityAsFlowMap(file: string, device: Device): Promise<OnnxNet> {
  const model = onnx.ModelProto.decode(readFileSync(file));
  const inputs = model.graph?.input ?? [];
  inputs.push(onnx.ValueInfoProto.create({ ...inputs.find((input) => input.name === 't'), name: 'r' }));
  return OnnxNet.load(onnx.ModelProto.encode(model).finish(), { device, r: 'r' });
}

export interface FlowMapJob extends Job {
  network: OnnxNet;
}

export async function flowMapJob(shape: number[], device: Device): Promise<FlowMapJob> {
  const network = await OnnxNet.load(gaussianFlowMap(shape.slice(1), 0.3), { device, r: 'r' });
  const conditioning = { netKwargs: { mean: 0.5 }, gNetKwargs: { mean: 0 }, guidanceScale: 2 };
  return { network, net: new MeanFlowInterface(network), shape, options: { device, ...conditioning } };
}
