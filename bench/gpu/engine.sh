# The executables that need no Node, built for a GPU or as they were carried here. Sourced by check.sh and bench.sh:
# sets $out to their folder, and ends with status 3 where there is nothing to run on.
#   --simulated  on the simulated device of tests/cuda-sim/, which needs no GPU and no CUDA toolkit
#   --carried    takes the executables that are in build-gpu/ (build-sim/) and builds nothing
#   DS_GPU_BUILD another folder for them
#   DIFFUSION_SAMPLERS_CUDA_ARCHITECTURES names the architectures to build for, as with the addon (default: all-major).
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
nothing_to_run_on=3
simulated=no carried=no
for argument in "$@"; do
  case $argument in
    --simulated) simulated=yes ;;
    --carried) carried=yes ;;
    *)
      echo "expected --simulated or --carried but received '$argument'" >&2
      exit 2
      ;;
  esac
done
if [ $simulated = yes ]; then
  # Beside the addon of scripts/build-sim.cjs, where that can be built.
  addon=$([ -d "$root/node_modules/node-addon-api" ] && command -v node > /dev/null && echo ON || echo OFF)
  out=${DS_GPU_BUILD:-$root/build-sim}
  options=(-DDS_CUDA=sim "-DDS_ADDON=$addon" -DCMAKE_BUILD_TYPE=RelWithDebInfo)
else
  out=${DS_GPU_BUILD:-$root/build-gpu} options=(-DDS_CUDA=on -DDS_ADDON=OFF "-DCMAKE_CUDA_ARCHITECTURES=${DIFFUSION_SAMPLERS_CUDA_ARCHITECTURES:-all-major}")
fi

build_engine() {
  local nvcc
  if [ $carried = yes ]; then
    [ -x "$out/engine_test" ] && [ -x "$out/engine_bench" ] && return
    echo "no engine_test and engine_bench in $out: build them with bench/gpu/check.sh where cmake and nvcc are, and carry them here"
    exit $nothing_to_run_on
  fi
  if [ $simulated = no ]; then
    nvcc=${CUDACXX:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
    if [ ! -x "$nvcc" ]; then
      echo "no nvcc on PATH or in /usr/local/cuda/bin: install the CUDA toolkit, or carry a build here (docs/cuda.md)"
      exit $nothing_to_run_on
    fi
  fi
  cmake -S "$root" -B "$out" -DDS_ENGINE_TEST=ON -DDS_BENCH=ON "${options[@]}" >&2 &&
    cmake --build "$out" --target engine_test engine_bench --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" >&2
}

# Prints what CUDA offers, or why it offers nothing and what to do; status 3 then.
require_device() {
  "$out/engine_bench" --devices && return
  echo "There is no GPU to run on, so nothing was done. --simulated runs the same on a simulated device."
  exit $nothing_to_run_on
}
