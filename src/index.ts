/** The public names of diffusion-samplers. */
export { Device, devices, type DeviceOptions, type DeviceReport } from './device';
export {
  AbortError,
  CudaError,
  DeviceUnavailableError,
  DisposedError,
  InternalError,
  InvalidArgumentError,
  ModelError,
  NativeLoadError,
  NumericalError,
  OutOfMemoryError,
  SamplersError,
} from './errors';
export type { GuidedNet } from './guidance';
export type { InterfaceRecord, Path, Prediction, Preconditioning } from './interfaces/interface-record';
export { ModelInterface, type Net } from './interfaces/model-interface';
export { SIT, SiTInterface } from './interfaces/sit';
export { GaussianMixtureNet, type GaussianMixture } from './nets/gaussian-mixture-net';
export type { NativeNet, NetKwargs, Network, NetworkCall, NetworkFunction } from './nets/network';
export type { OnnxValue } from './nets/onnx-input';
export { OnnxModel, type OnnxModelOptions, type OnnxOutput } from './nets/onnx-model';
export { OnnxNet, type OnnxNetOptions } from './nets/onnx-net';
export type { HostArray, Init, SampleOptions } from './options';
export {
  Plan,
  type PlanData,
  type PlanEntry,
  type ProgramCost,
  type SlotDtype,
  type SlotSpec,
  type StepProgram,
} from './plan/plan';
export { Rng } from './rng';
export { SampleRun, type Progress, type ProgressOptions } from './run';
export { EulerSampler } from './samplers/euler';
export { HeunSampler } from './samplers/heun';
export { Samplers, type SamplersConfig } from './samplers/samplers';
export { eulerStep, type Step } from './samplers/step';
export type { StepOptions, StepState } from './single-step';
export { Tensor } from './tensor';
export type { UniformTimeKwargs } from './time-grid';
export { Expr } from './trace/expr';
