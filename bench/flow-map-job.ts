/** A whole job on an exact flow map, that of Gaussian data, which ONNX Runtime runs. */
import { MeanFlowInterface, OnnxNet, type Device } from '../src/index';
import { gaussianFlowMap } from '../tests/support/gaussian-flow-map';
import type { Job } from './mixture-job';

export interface FlowMapJob extends Job {
  network: OnnxNet;
}

export async function flowMapJob(shape: number[], device: Device): Promise<FlowMapJob> {
  const network = await OnnxNet.load(gaussianFlowMap(shape.slice(1), 0.3), { device, r: 'r' });
  const conditioning = { netKwargs: { mean: 0.5 }, gNetKwargs: { mean: 0 }, guidanceScale: 2 };
  return { network, net: new MeanFlowInterface(network), shape, options: { device, ...conditioning } };
}
