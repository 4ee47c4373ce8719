// Exact velocity of an isotropic Gaussian mixture on the SiT path x = a x0 + t n, a = 1 - t (noise at t = 1).
//
// With var_k = a^2 sigma_k^2 + t^2, responsibilities g_k proportional to w_k N(x; a mu_k, var_k I) and
// b_k = (t - a sigma_k^2) / var_k:  v = sum_k g_k (b_k (x - a mu_k) - mu_k).
// Nothing divides by t or a, so v is finite on the whole of [0, 1] if every sigma_k is above zero.
// x - a mu is taken as (x - mu) + t mu: near t = 0, where x is close to mu, the difference is then exact.
#pragma once

#include <math.h>

#include "elementary.h"
#include "lanes.h"
#include "mixture.h"
#include "tile.h"

namespace ds {
namespace {

// Adding zero makes -0 plain, whose sign lanes would not agree on.
DS_HD inline float mixture_time(const MixtureArgs& args, int64_t row) { return load(args.times + row) + 0.0f; }

template <class F>
DS_HD inline F mixture_difference(F t, F x, F mean) {
  return fma_lane(t, mean, x - mean);
}

DS_HD inline float* mixture_partials(const MixtureArgs& args, int64_t row, int64_t component) {
  return args.scratch + (row * args.components + component) * kMixturePartials;
}

// [2]: g_k and g_k b_k.
DS_HD inline float* mixture_weight(const MixtureArgs& args, int64_t row, int64_t component) {
  return args.scratch + args.rows * args.components * kMixturePartials + (row * args.components + component) * 2;
}

// Element e belongs to partial sum e mod 32 and is added in order, whatever the lanes: the sum has the same bits.
DS_HD inline void mixture_partial(const MixtureArgs& args, int64_t row, int64_t component, int64_t partial,
                                  int64_t first, float sum) {
  const float t = mixture_time(args, row);
  const float* x = args.input + row * args.elements;
  const float* mean = args.means + component * args.elements;
  for (int64_t e = first + partial; e < args.elements; e += kMixturePartials) {
    const float difference = mixture_difference(t, load(x + e), load(mean + e));
    sum = fma_lane(difference, difference, sum);
  }
  store(mixture_partials(args, row, component) + partial, sum);
}

// Natural logarithm of a positive normal double, to about 1e-16: half the dimension multiplies it.
DS_HD inline double mixture_log(double x) {
  uint64_t word;
  memcpy(&word, &x, sizeof word);
  const uint64_t above = word - 0x3FE6A09E667F3BCDull;  // sqrt(1/2)
  const double exponent = static_cast<double>(static_cast<int64_t>(above) >> 52);
  word = (above & 0x000FFFFFFFFFFFFFull) + 0x3FE6A09E667F3BCDull;
  double m;
  memcpy(&m, &word, sizeof m);
  const double s = (m - 1.0) / (m + 1.0), z = s * s;
  double series = 1.0 / 23.0;
  for (int n = 21; n >= 1; n -= 2) series = series * z + 1.0 / n;
  return exponent * 0x1.62e42fefa39efp-1 + 2.0 * s * series;
}

// float64 on purpose: two large numbers that nearly agree decide between components, once per row and component.
DS_HD inline double mixture_variance(const MixtureArgs& args, int64_t component, double t) {
  const double deviation = load(args.deviations + component), a = 1.0 - t;
  return (a * deviation) * (a * deviation) + t * t;
}

// From the partial sums of a row to the weights of its components.
DS_HD inline void mixture_weights(const MixtureArgs& args, int64_t row) {
  const double t = mixture_time(args, row);
  double largest = -HUGE_VAL;
  for (int64_t k = 0; k < args.components; ++k) {
    const float* partials = mixture_partials(args, row, k);
    double distance = 0.0;
    for (int64_t p = 0; p < kMixturePartials; ++p) distance += load(partials + p);
    const double variance = mixture_variance(args, k, t);
    const double weight = load(args.weights + k);
    double logit = -0x1p120;
    if (weight > 0.0) {
      const double volume = 0.5 * static_cast<double>(args.elements) * mixture_log(variance);
      logit = mixture_log(weight) - distance / (2.0 * variance) - volume;
    }
    // Written so that NaN wins.
    if (!(logit <= largest)) largest = logit;
    float* kept = mixture_weight(args, row, k);
    store(kept, static_cast<float>(logit));
    store(kept + 1, static_cast<float>(logit - load(kept)));
  }
  double total = 0.0;
  for (int64_t k = 0; k < args.components; ++k) {
    float* kept = mixture_weight(args, row, k);
    const double logit = static_cast<double>(load(kept)) + load(kept + 1);
    const float likelihood = exp_lane(static_cast<float>(logit - largest));
    total += likelihood;
    store(kept, likelihood);
  }
  for (int64_t k = 0; k < args.components; ++k) {
    float* kept = mixture_weight(args, row, k);
    const double deviation = load(args.deviations + k);
    const double slope = (t - (1.0 - t) * (deviation * deviation)) / mixture_variance(args, k, t);
    const double share = load(kept) / total;
    store(kept, static_cast<float>(share));
    store(kept + 1, static_cast<float>(share * slope));
  }
}

template <class F, class Tile>
DS_HD inline void mixture_output_tile(const MixtureArgs& args, int64_t row, int64_t element, const Tile& tile) {
  const F t = broadcast<F>(mixture_time(args, row));
  F x[4], sum[4] = {};
  tile.load(args.input + row * args.elements + element, x);
  for (int64_t k = 0; k < args.components; ++k) {
    const float share = load(mixture_weight(args, row, k));
    if (share == 0.0f) continue;
    const float slope = load(mixture_weight(args, row, k) + 1);
    F mean[4];
    tile.load(args.means + k * args.elements + element, mean);
    DS_UNROLL
    for (int i = 0; i < 4; ++i) {
      sum[i] = fma_lane(broadcast<F>(slope), mixture_difference(t, x[i], mean[i]), sum[i]);
      sum[i] = fma_lane(broadcast<F>(-share), mean[i], sum[i]);
    }
  }
  tile.store(args.output + row * args.elements + element, sum);
}

// All partial sums of one row and component, kLanes<F> at a time.
template <class F>
inline void mixture_row_partials(const MixtureArgs& args, int64_t row, int64_t component) {
  constexpr int kVectors = static_cast<int>(kMixturePartials) / kLanes<F>;
  const F t = broadcast<F>(mixture_time(args, row));
  const float* x = args.input + row * args.elements;
  const float* mean = args.means + component * args.elements;
  F sums[kVectors] = {};
  int64_t e = 0;
  for (; args.elements - e >= kMixturePartials; e += kMixturePartials) {
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = e + v * kLanes<F>;
      const F difference = mixture_difference(t, load_lanes<F>(x + at), load_lanes<F>(mean + at));
      sums[v] = fma_lane(difference, difference, sums[v]);
    }
  }
  float* partials = mixture_partials(args, row, component);
  for (int v = 0; v < kVectors; ++v) store_lanes(partials + v * kLanes<F>, sums[v]);
  for (int64_t p = 0; p < kMixturePartials && e + p < args.elements; ++p) {
    mixture_partial(args, row, component, p, e, load(partials + p));
  }
}

template <class F>
inline void mixture(const MixtureArgs& args) {
  if (args.elements == 0) return;
  for (int64_t row = 0; row < args.rows; ++row) {
    for (int64_t k = 0; k < args.components; ++k) mixture_row_partials<F>(args, row, k);
    mixture_weights(args, row);
    for_each_tile<F>(args.elements, [&](auto lane, const auto& tile, int64_t element) {
      mixture_output_tile<decltype(lane)>(args, row, element, tile);
    });
  }
}

}  // namespace
}  // namespace ds
