// Exact output of an isotropic Gaussian mixture sum_k w_k N(mu_k, sigma_k^2 I) as a network.
//
// Under component k the input y is N(c mu_k, var_k I). With responsibilities g_k proportional to
// w_k N(y; c mu_k, var_k I) the output is  sum_k g_k (b_k (y - c mu_k) + p mu_k).
//
// SiT: y = (1 - t) x0 + t n, output the velocity:
//   c = 1 - t,  var_k = c^2 sigma_k^2 + t^2,  b_k = (t - c sigma_k^2) / var_k,  p = -1.
// EDM: y = (x0 + sigma n) / S with S = sqrt(sigma^2 + sd^2), output F = (E[x0] - c_skip x) / c_out:
//   c = 1 / S,  var_k = (sigma_k^2 + sigma^2) / S^2,  b_k = sigma (sigma_k^2 - sd^2) / (sd (sigma_k^2 + sigma^2)),
//   p = sigma / (sd S).
// From E_k[x0] = (sigma^2 mu_k + sigma_k^2 x) / (sigma_k^2 + sigma^2); c_skip x has been subtracted on paper, because
// near sigma = 0 both are x and c_out divides what is left. Likewise nothing divides by t, 1 - t or sigma.
//
// y - c mu is taken in two steps, (y - c' mu) - (c - c') mu with c' a float close to c: where y is close to c mu, which
// is where b_k is large, the difference keeps all its digits. For SiT c' = 1.
#pragma once

#include <math.h>

#include "elementary.h"
#include "elementary64.h"
#include "lanes.h"
#include "mixture.h"
#include "tile.h"

namespace ds {
namespace {

// What the time of a row comes to, for all its components.
struct MixturePlace {
  double time;    // t, or sigma
  double center;  // c
  double pull;    // p
};

DS_HD inline MixturePlace mixture_place(const MixtureArgs& args, int64_t row) {
  // Adding zero makes -0 plain, whose sign lanes would not agree on.
  const int64_t before = args.cursor ? static_cast<int64_t>(load(&args.cursor->times)) : 0;
  const double time = load(args.times + before + row) + 0.0f;
  if (args.kind == MixtureKind::kSit) return {time, 1.0 - time, -1.0};
  const double sigma = exp64(4.0 * time);
  const double norm = sqrt64(sigma * sigma + args.sigma_data * args.sigma_data);
  return {sigma, 1.0 / norm, sigma / (args.sigma_data * norm)};
}

// The scratch memory: partial sums and two weights of each row and component, two floats of each row.
DS_HD inline float* mixture_partials(const MixtureArgs& args, int64_t row, int64_t component) {
  return args.scratch + (row * args.components + component) * kMixturePartials;
}
// [2]: g_k p and g_k b_k.
DS_HD inline float* mixture_weight(const MixtureArgs& args, int64_t row, int64_t component) {
  return args.scratch + args.rows * args.components * kMixturePartials + (row * args.components + component) * 2;
}
// [2]: -c in two floats.
DS_HD inline float* mixture_center(const MixtureArgs& args, int64_t row) {
  return args.scratch + args.rows * args.components * (kMixturePartials + 2) + row * 2;
}

// Comes before everything else of a row.
DS_HD inline void mixture_write_center(const MixtureArgs& args, int64_t row) {
  const MixturePlace place = mixture_place(args, row);
  const bool sit = args.kind == MixtureKind::kSit;
  const float lead = sit ? -1.0f : static_cast<float>(-place.center);
  store(mixture_center(args, row), lead);
  store(mixture_center(args, row) + 1, static_cast<float>(sit ? place.time : -place.center - lead));
}

template <class F>
DS_HD inline F mixture_difference(F lead, F rest, F x, F mean) {
  return fma_lane(rest, mean, fma_lane(lead, mean, x));
}

DS_HD inline bool mixture_counts(const MixtureArgs& args, int64_t row, int64_t component) {
  if (!(load(args.weights + component) > 0.0f)) return false;
  if (args.labels == nullptr) return true;
  const int32_t label = load(args.labels + row);
  return label < 0 || load(args.classes + component) == label;
}

// Element e belongs to partial sum e mod 32 and is added in order, whatever the lanes: the sum has the same bits.
DS_HD inline void mixture_partial(const MixtureArgs& args, int64_t row, int64_t component, int64_t partial,
                                  int64_t first, float sum) {
  const float lead = load(mixture_center(args, row)), rest = load(mixture_center(args, row) + 1);
  const float* x = args.input + row * args.elements;
  const float* mean = args.means + component * args.elements;
  DS_ROLLED
  for (int64_t e = first + partial; e < args.elements; e += kMixturePartials) {
    const float difference = mixture_difference(lead, rest, load(x + e), load(mean + e));
    sum = fma_lane(difference, difference, sum);
  }
  store(mixture_partials(args, row, component) + partial, sum);
}

// float64 on purpose: two large numbers that nearly agree decide between components, once per row and component.
DS_HD inline double mixture_variance(const MixtureArgs& args, const MixturePlace& place, int64_t component) {
  const double deviation = load(args.deviations + component);
  if (args.kind == MixtureKind::kSit) {
    return (place.center * deviation) * (place.center * deviation) + place.time * place.time;
  }
  return (deviation * deviation + place.time * place.time) * (place.center * place.center);
}

DS_HD inline double mixture_slope(const MixtureArgs& args, const MixturePlace& place, int64_t component) {
  const double deviation = load(args.deviations + component), square = deviation * deviation;
  if (args.kind == MixtureKind::kSit) {
    return (place.time - place.center * square) / mixture_variance(args, place, component);
  }
  const double sd = args.sigma_data;
  return place.time * (square - sd * sd) / (sd * (square + place.time * place.time));
}

// From the partial sums of a row to the weights of its components.
DS_HD inline void mixture_weights(const MixtureArgs& args, int64_t row) {
  const MixturePlace place = mixture_place(args, row);
  double largest = -HUGE_VAL;
  for (int64_t k = 0; k < args.components; ++k) {
    double logit = -0x1p120;
    if (mixture_counts(args, row, k)) {
      const float* partials = mixture_partials(args, row, k);
      double distance = 0.0;
      for (int64_t p = 0; p < kMixturePartials; ++p) distance += load(partials + p);
      const double variance = mixture_variance(args, place, k);
      const double volume = 0.5 * static_cast<double>(args.elements) * log64(variance);
      logit = log64(load(args.weights + k)) - distance / (2.0 * variance) - volume;
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
    const double share = load(kept) / total;
    store(kept, static_cast<float>(share * place.pull));
    store(kept + 1, static_cast<float>(share * mixture_slope(args, place, k)));
  }
}

template <class F, class Tile>
DS_HD inline void mixture_output_tile(const MixtureArgs& args, int64_t row, int64_t element, const Tile& tile) {
  const F lead = broadcast<F>(load(mixture_center(args, row)));
  const F rest = broadcast<F>(load(mixture_center(args, row) + 1));
  F x[4], sum[4] = {};
  tile.load(args.input + row * args.elements + element, x);
  DS_ROLLED
  for (int64_t k = 0; k < args.components; ++k) {
    const float pull = load(mixture_weight(args, row, k)), slope = load(mixture_weight(args, row, k) + 1);
    if (pull == 0.0f && slope == 0.0f) continue;
    F mean[4];
    tile.load(args.means + k * args.elements + element, mean);
    DS_UNROLL
    for (int i = 0; i < 4; ++i) {
      sum[i] = fma_lane(broadcast<F>(slope), mixture_difference(lead, rest, x[i], mean[i]), sum[i]);
      sum[i] = fma_lane(broadcast<F>(pull), mean[i], sum[i]);
    }
  }
  tile.store(args.output + row * args.elements + element, sum);
}

// All partial sums of one row and component, kLanes<F> at a time.
template <class F>
inline void mixture_row_partials(const MixtureArgs& args, int64_t row, int64_t component) {
  constexpr int kVectors = static_cast<int>(kMixturePartials) / kLanes<F>;
  const F lead = broadcast<F>(load(mixture_center(args, row)));
  const F rest = broadcast<F>(load(mixture_center(args, row) + 1));
  const float* x = args.input + row * args.elements;
  const float* mean = args.means + component * args.elements;
  F sums[kVectors] = {};
  int64_t e = 0;
  for (; args.elements - e >= kMixturePartials; e += kMixturePartials) {
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = e + v * kLanes<F>;
      const F difference = mixture_difference(lead, rest, load_lanes<F>(x + at), load_lanes<F>(mean + at));
      sums[v] = fma_lane(difference, difference, sums[v]);
    }
  }
  float* partials = mixture_partials(args, row, component);
  for (int v = 0; v < kVectors; ++v) store_lanes(partials + v * kLanes<F>, sums[v]);
  for (int64_t p = 0; p < kMixturePartials && e + p < args.elements; ++p) {
    mixture_partial(args, row, component, p, e, load(partials + p));
  }
}

// Of `rows` rows from `first_row` on.
template <class F>
inline void mixture(const MixtureArgs& args, int64_t first_row, int64_t rows) {
  if (args.elements == 0) return;
  for (int64_t row = first_row; row < first_row + rows; ++row) {
    mixture_write_center(args, row);
    for (int64_t k = 0; k < args.components; ++k) {
      if (mixture_counts(args, row, k)) mixture_row_partials<F>(args, row, k);
    }
    mixture_weights(args, row);
    for_each_tile<F>(0, args.elements, [&](auto lane, const auto& tile, int64_t element) {
      mixture_output_tile<decltype(lane)>(args, row, element, tile);
    });
  }
}

}  // namespace
}  // namespace ds
