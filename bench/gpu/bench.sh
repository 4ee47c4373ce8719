#!/usr/bin/env bash
# Measures the engine on a GPU without Node: every line with its answers, tab-separated, for `npm run bench:gpu` to read.
#   bench/gpu/bench.sh [--simulated] [--carried] > figures.tsv
# Exit status: 0, 1 where something failed, 3 there is no GPU, or no nvcc to build with.
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

if [ $simulated = yes ]; then
  # The simulated device tells nothing of speed; this is to see that every line runs.
  exponents="8 10" latents="2,64 2,256" exact="2,64" rounds=1 sample_ms=1
else
  exponents="12 14 16 18 20 22 24 26 28" latents="64,4096 64,16384 16,262144" exact="1,64 64,64 64,4096"
  rounds=7 sample_ms=20
fi

# Lines that are measured in turns, then forgotten with the memory that they hold.
in_turns() {
  local round
  for ((round = 0; round < rounds; round++)); do printf '%s\n' "$@"; done
  echo forget
}

# A pass beside a copy that moves as many bytes.
beside_copy() {
  local elements=$1 bytes=$2
  shift 2
  in_turns "combine $* elements=$elements" "copy bytes=$((bytes * elements))"
}

# Steps launched kernel by kernel, and as graphs.
with_graphs() {
  in_turns "replay $*" "replay $* graph=on"
}

lines() {
  local exponent n latent program shape
  for exponent in $exponents; do
    n=$((1 << exponent))
    beside_copy $n 12 inputs=2
    beside_copy $n 16 inputs=3
    beside_copy $n 24 inputs=5
    beside_copy $n 16 inputs=3 noise=1
    beside_copy $n 20 inputs=3 outputs=2 derived=1
    beside_copy $n 12 inputs=3 networks=bfloat16
    beside_copy $n 4 inputs=0 noise=1
  done
  in_turns "combine inputs=2 elements=4" "replay program=native/bench/programs/euler.txt elements=4" \
    "replay program=native/bench/programs/euler.txt elements=4 graph=on"
  for latent in $latents; do
    shape="rows=${latent%,*} elements=${latent#*,}"
    for program in euler euler-guided heun heun-guided euler-maruyama euler-maruyama-guided; do
      with_graphs program=native/bench/programs/$program.txt $shape
    done
  done
  for latent in $exact; do
    shape="network=mixture-sit rows=${latent%,*} elements=${latent#*,}"
    for program in euler euler-guided heun-guided; do
      with_graphs program=native/bench/programs/$program.txt $shape
    done
  done
}

build_engine || exit 1
require_device >&2
cd "$root" || exit 1
"$out/engine_bench" --devices | sed 's/^/# /'
lines | grep -v '^forget$' > "$out/bench-lines.txt"
lines | "$out/engine_bench" --device cuda --serve --sample-ms $sample_ms > "$out/bench-answers.txt" || exit 1
paste "$out/bench-lines.txt" "$out/bench-answers.txt"
if grep -q '"error"' "$out/bench-answers.txt"; then
  echo "bench.sh: some lines could not be measured" >&2
  exit 1
fi
