/** The public names of diffusion-samplers. */
export { samplerFromConfig } from './config/sampler-from-config';
export { Device, devices, type DeviceOptions, type DeviceReport, type DeviceStats } from './device';
export {
  AbortError,
  BusyError,
  ConfigError,
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
  type ConfigIssue,
} from './errors';
export type { GuidedNet } from './guidance';
export type { InterfaceRecord, Path, Prediction, Preconditioning } from './interfaces/interface-record';
export { ModelInterface, type Net } from './interfaces/model-interface';
export { EDMInterface, edmRecord, type EdmOptions } from './interfaces/edm';
export { MeanFlowInterface, meanFlowRecord, type MeanFlowOptions } from './interfaces/mean-flow';
export { SIT, SiTInterface } from './interfaces/sit';
export { GaussianMixtureNet, type GaussianMixture, type GaussianMixtureNetOptions } from './nets/gaussian-mixture-net';
export type { NativeNet, NetKwargs, Network, NetworkCall, NetworkDtypes, NetworkFunction } from './nets/network';
export type { OnnxValue } from './nets/onnx-input';
export { OnnxModel, type OnnxModelOptions, type OnnxOutput } from './nets/onnx-model';
export { OnnxNet, type OnnxNetOptions } from './nets/onnx-net';
export type { HostArray, Init, SampleOptions, TrajectoryOptions } from './options';
export type { TimeInterval } from './row-classes';
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
export { SampleRun, type Progress, type ProgressOptions, type Trajectory } from './run';
export { DiffusionCoeffType, type DiffusionCoeff, type DiffusionCoeffFunction } from './samplers/diffusion-coefficient';
export { EulerSampler } from './samplers/euler';
export { EulerJumpSampler } from './samplers/euler-jump';
export { EulerMaruyamaSampler, type EulerMaruyamaConfig } from './samplers/euler-maruyama';
export { HeunSampler, type HeunConfig } from './samplers/heun';
export { registerSampler, samplerNames, type SamplerClass } from './samplers/registry';
export { Samplers, type SamplersConfig } from './samplers/samplers';
export { eulerStep, type Step } from './samplers/step';
export type { StepOptions, StepState } from './single-step';
export { Tensor } from './tensor';
export {
  DEFAULT_SAMPLING_TIME_KWARGS,
  registerSamplingTimeDist,
  samplingTimeDists,
  SamplingTimeDistType,
  type ExpTimeKwargs,
  type SamplingTimeDist,
  type SamplingTimeKwargsOf,
  type TimeDistribution,
  type UniformTimeKwargs,
} from './time-grid';
export { Expr } from './trace/expr';
