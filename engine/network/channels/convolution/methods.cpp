// See methods.h. The constants are measured on Zen 5 with AVX-512.
#include "network/channels/convolution/methods.h"

#include <chrono>
#include <cmath>
#include <string_view>

#include "network/products.h"
#include "network/winograd/winograd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

constexpr double kOverhead = 1500;   // of an operation
constexpr double kCacheBytes = 24;   // a cycle, of weights that are used once, ...
constexpr double kMemoryBytes = 8;   // ... and of those that fill the third level
constexpr double kSecondLevel = 1e6; // bytes
constexpr double kThirdLevel = 8e6;  // what a layer may have of it
constexpr double kEfficiency = 0.85; // of the sums in registers
constexpr int kProductTiles = 48;    // of Winograd: then its kernels come in time

double blocks_of(int channels) { return (channels + kLanes - 1) / kLanes; }
double pixels_of(const Step& s) { return static_cast<double>(s.out.height) * s.out.width; }
double weight_bytes(const Step& s) {
  return 4.0 * s.kernel_h * s.kernel_w * s.in.channels / s.groups * s.out.channels;
}
// Weights that no cache close by holds come once for each of `images`.
double weights_cycles(double bytes, double images) {
  if (bytes <= kSecondLevel / 2) return 0;
  return bytes / (bytes > kThirdLevel ? kMemoryBytes : kCacheBytes) / images;
}

double direct_cycles(const Step& s, double taps, double bytes) {
  const int blocks = static_cast<int>(blocks_of(s.out.channels));
  const Cut cut = choose_cut(blocks, s.out.width);
  auto cost = [](int c, int x) { return std::max({c * x, c + x, 8}) / 2.0; };
  auto across = [&](int c) {
    const int last = s.out.width % cut.pixels;
    return s.out.width / cut.pixels * (cost(c, cut.pixels) + 0.2) + (last ? cost(c, last) : 0);
  };
  const int last = blocks % cut.vecs;
  return taps * s.out.height * (blocks / cut.vecs * across(cut.vecs) + (last ? across(last) : 0)) /
             kEfficiency +
         weights_cycles(bytes, 1) + kOverhead;
}
double dense_cycles(const Step& s, const Following&, int) {
  const double taps = 1.0 * s.kernel_h * s.kernel_w * s.in.channels / s.groups;
  return direct_cycles(s, taps, weight_bytes(s));
}
double bfloat16_cycles(const Step& s, const Following&, int) {
  const double taps = 1.0 * s.kernel_h * s.kernel_w * ((s.in.channels + 1) / 2);
  const double copies = 1.5 * blocks_of(s.in.channels) * s.in.height * s.in.width;
  return direct_cycles(s, taps, weight_bytes(s) / 2) + copies;
}
double winograd_cycles(const Step& s, const Following&, int images) {
  const double tiles = 1.0 * ((s.out.height + 3) / 4) * ((s.out.width + 3) / 4);
  const double in = blocks_of(s.in.channels), out = blocks_of(s.out.channels);
  const double together = std::min<double>(images, std::ceil(kProductTiles / tiles));
  return tiles * (36 * s.in.channels * out / 2 / kEfficiency + 100 * in + 90 * out) +
         weights_cycles(4 * weight_bytes(s), together) + kOverhead;
}
double depthwise_cycles(const Step& s, const Following&, int) {
  return pixels_of(s) * blocks_of(s.out.channels) * (s.kernel_h * s.kernel_w + 3) / 1.5 + kOverhead;
}
double separable_cycles(const Step& s, const Following& then, int images) {
  const Pointwise& point = then.pointwise[0];
  return depthwise_cycles(s, then, images) + dense_cycles(point.step, point.then, images) -
         kOverhead;
}
// Strassen's: an eighth of the products less, and sums of values and of products.
double strassen_cycles(const Step& s, const Following& then, int images) {
  const Step& point = then.pointwise[0].step;
  return depthwise_cycles(s, then, images) +
         7.0 / 8 * (dense_cycles(point, then.pointwise[0].then, images) - kOverhead) +
         pixels_of(point) *
             (1.5 * blocks_of(point.in.channels) + 2 * blocks_of(point.out.channels));
}
double rows_cycles(const Step& s, const Following&, int) {
  const double columns = (s.out.width + 2 * kLanes - 1) / (2 * kLanes) * 2;
  return 0.75 * s.kernel_h * s.kernel_w * s.in.channels * s.out.channels * s.out.height * columns +
         kOverhead;
}
double taps_cycles(const Step& s, const Following& then, int images) {
  return 1.5 * dense_cycles(s, then, images);
}
double activation_cycles(Kind kind, Shape shape) {
  const bool hard = kind == Kind::tanh || kind == Kind::scaled_tanh || kind == Kind::sigmoid ||
                    kind == Kind::gelu || kind == Kind::silu;
  return blocks_of(shape.channels) * shape.height * shape.width * (hard ? 20 : 3);
}
double linear_cycles(const Step& s, const Following&, int) {
  return weight_bytes(s) / kCacheBytes + kOverhead;
}

const char* declines_linear(const Step& s, const Following& then) {
  const bool covers_input = s.kernel_h == s.in.height && s.kernel_w == s.in.width &&
                            s.out.height * s.out.width == 1 && s.groups == 1 &&
                            s.connections.empty() && s.padding.top + s.padding.left == 0;
  if (!covers_input) return "the kernel does not cover the input";
  if (then.max_pool || !then.scales.empty() || then.add) return "it takes nothing along";
  return nullptr;
}
OpPointer make_whole(const Step& s, const Following& then) {
  return channels::make_linear(s, then);
}
const char* never(const Step&, const Following&) { return nullptr; }

struct Candidate {
  const char *axis, *name;
  const char* (*declines)(const Step&, const Following&);
  double (*cycles)(const Step&, const Following&, int images);
  OpPointer (*make)(const Step&, const Following&);
  bool sums_along, activates, exact;
};
constexpr Candidate kCandidates[] = {
    {"inputs", "products of rows", declines_linear, linear_cycles, make_whole, false, true, true},
    {"channels", "depthwise, then 1 x 1", declines_separable, separable_cycles, make_separable,
     true, true, true},
#if !defined(__wasm__) // where the engine is downloaded
    {"channels", "depthwise, then 1 x 1 by Strassen", declines_strassen, strassen_cycles,
     make_strassen, true, true, false},
#endif
    {"channels", "depthwise sums",
     [](const Step& s, const Following&) { return declines_depthwise(s); }, depthwise_cycles,
     make_depthwise, true, true, true},
    {"pixels", "direct sums", declines_rows, rows_cycles, make_rows, false, true, true},
    {"channels", "Winograd 4 x 4", declines_winograd, winograd_cycles, make_winograd, true, true,
     false},
    {"channels", "direct sums", [](const Step& s, const Following&) { return declines_dense(s); },
     dense_cycles, make_dense, true, true, true},
    {"channels", "direct sums in bfloat16",
     [](const Step& s, const Following&) { return declines_bfloat16(s); }, bfloat16_cycles,
     make_bfloat16, true, true, false},
    {"channels", "sums over taps", never, taps_cycles, make_taps, false, false, true},
};

} // namespace

Method choose_method(const Step& s, const Following& then, int images, Rounding rounding) {
  Method best{};
  const Candidate* chosen = nullptr;
  std::string others;
  auto leave = [&](const Candidate& c, const char* reason) {
    if (!others.empty()) others += "; ";
    if (std::string_view(c.axis) != "channels") others += std::string(c.axis) + " in lanes, ";
    others += std::string(c.name) + ": " + reason;
  };
  for (const Candidate& c : kCandidates) {
    if (c.make == make_bfloat16 && rounding != Rounding::bfloat16) continue;
    const bool strassen = !kSmallCode && c.make == make_strassen;
    if (strassen && then.pointwise.empty()) continue;
    const char* reason = c.declines(s, then);
    if (!then.pointwise.empty() && c.make != make_separable && !strassen)
      reason = "the 1 x 1 layer behind would read memory";
    if (!reason && rounding == Rounding::exact && !c.exact)
      reason = "exact=True asks for direct sums";
    const double cycles = reason ? 0 : c.cycles(s, then, images);
    if (!reason && (!chosen || cycles < best.cycles)) {
      if (chosen) leave(*chosen, "slower");
      chosen = &c;
      best = {c.axis, c.name, cycles, 1, c.sums_along, c.activates, c.make, {}};
    } else {
      leave(c, reason ? reason : "slower");
    }
  }
  if (chosen->make == make_winograd) {
    const int tiles = ((s.out.height + 3) / 4) * ((s.out.width + 3) / 4);
    best.together = (kProductTiles + tiles - 1) / tiles;
  }
  if (then.activate) best.cycles += activation_cycles(then.activation, s.out);
  best.others = others;
  return best;
}

double other_cycles(const Step& s) {
  if (s.kind == Kind::linear) return linear_cycles(s, {}, 1) * s.in.height * s.in.width;
  return activation_cycles(s.kind, s.in) + kOverhead / 3;
}

double images_axis_cycles(const std::vector<Step>& steps, int images) {
  const double lanes = std::min(images, kLanes);
  double total = 0;
  for (const Step& s : steps) {
    const double values = static_cast<double>(s.in.size() + s.out.size());
    // A block that exceeds the second level waits for the third.
    const bool large = values * sizeof(vec) > kSecondLevel;
    double cycles = values / 2;
    if (s.kind == Kind::conv || s.kind == Kind::linear) {
      double products = s.kind == Kind::linear ? static_cast<double>(s.in.size()) * s.out.channels
                                               : weight_bytes(s) / 4 * pixels_of(s);
      const int side = s.kind == Kind::conv ? winograd_side(s, {}) : 0;
      if (side) products /= side == 4 ? 2.2 : 1.6;
      if (s.groups == s.in.channels && s.groups > 1) products *= 3; // loads
      cycles += products / 2 / (large ? 0.6 : 0.8);
    } else if (large) {
      cycles *= 4;
    }
    total += cycles / lanes;
  }
  return total;
}

double cycles_per_second() {
  static const double rate = [] {
    double best = 0;
    for (int repeat = 0; repeat < 3; repeat++) {
      // 8 sums hide the latency. Started apart and addressed by constants only, they are neither
      // merged by the compiler nor kept in memory.
      volatile float begin = 0.5f;
      const vec factor = broadcast(begin);
      vec sums[8];
#pragma GCC unroll 8
      for (int i = 0; i < 8; i++) sums[i] = broadcast(begin);
      constexpr int kTimes = 5000;
      const auto start = std::chrono::steady_clock::now();
      for (int time = 0; time < kTimes; time++)
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) sums[i] = sums[i] * factor + factor;
      const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
      vec total{};
#pragma GCC unroll 8
      for (int i = 0; i < 8; i++) total += sums[i];
      begin = sum(total);
      best = std::max(best, kTimes * 4 / spent.count());
    }
    return best;
  }();
  return rate;
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
