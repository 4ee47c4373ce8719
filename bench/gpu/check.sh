#!/usr/bin/env bash
# Checks the engine on a GPU without Node: its own tests, bits against the CPU, and compute-sanitizer where it is there.
#   bench/gpu/check.sh [--simulated] [--carried]
# Exit status: 0 all held, 1 something did not, 3 there is no GPU, or no nvcc to build with.
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

failed=()
step() {
  local name=$1
  shift
  echo "== $name"
  if "$@"; then
    echo "ok: $name"
  else
    echo "FAILED: $name"
    failed+=("$name")
  fi
}

# The lines of a list; programs are named from the root.
lines_of() { grep -v -e '^#' -e '^$' "$root/bench/gpu/$1"; }

compare() {
  local lines
  mapfile -t lines < <(lines_of "$1")
  shift
  (cd "$root" && "$@" "$out/engine_bench" --device cuda --compare "${lines[@]}")
}

step "the engine builds" build_engine
[ ${#failed[@]} -eq 0 ] || exit 1
echo "== device"
require_device
step "the engine's own tests" "$out/engine_test"
step "CPU and GPU make the same bits, noise included" compare compare-lines.txt
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
if [ -n "$sanitizer" ]; then
  for tool in memcheck racecheck initcheck synccheck; do
    step "compute-sanitizer $tool" compare sanitizer-lines.txt "$sanitizer" --tool $tool --error-exitcode 9
  done
else
  echo "left out: compute-sanitizer is not installed (it comes with the CUDA toolkit, package cuda-sanitizer)"
fi

if [ ${#failed[@]} -gt 0 ]; then
  printf 'check.sh: failed: %s\n' "${failed[@]}"
  exit 1
fi
echo "check.sh: all held"
