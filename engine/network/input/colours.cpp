// Definition: adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue, adjust_sharpness,
//             posterize, solarize, autocontrast, equalize.
// Test: tests/engine/network/input/test_colours.py.
//
// See colours.h. Every change is a pass or two over planes that lie in the nearest cache.
#include "network/input/colours.h"

#include <algorithm>
#include <cmath>

#include "network/sums.h"
#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

void store_some(float* p, vec v, int n) { std::memcpy(p, &v, n * sizeof(float)); }

// Calls f(vectors) for kLanes pixels at a time, with a vector of each of N planes; what it leaves
// in them is stored.
template <int N, class F>
void each_pixel(float* image, long plane, F f) {
  for (long i = 0; i < plane; i += kLanes) {
    const int n = static_cast<int>(std::min<long>(kLanes, plane - i));
    vec v[N];
    for (int c = 0; c < N; c++) v[c] = load_some(image + c * plane + i, n);
    f(v);
    for (int c = 0; c < N; c++)
      if (n == kLanes)
        store(image + c * plane + i, v[c]);
      else
        store_some(image + c * plane + i, v[c], n);
  }
}

vec clamp(vec v, vec high) { return minimum(maximum(v, vec{}), high); }

// Of values that an int32 holds, and that are not negative.
vec floor_of(vec v) { return __builtin_convertvector(__builtin_convertvector(v, ivec), vec); }

// ITU-R BT.601
vec luma(const vec* v) { return 0.2989f * v[0] + 0.587f * v[1] + 0.114f * v[2]; }

} // namespace

void Colours::change(const Change& change, float peak, float* image) {
  const float value = change.value[0];
  const vec high = broadcast(peak);
  const long all = count_ * plane();
  switch (change.kind) {
  case ChangeKind::brightness:
    return each_pixel<1>(image, all, [&](vec* v) { v[0] = clamp(value * v[0], high); });
  case ChangeKind::contrast: {
    const vec rest = broadcast((1 - value) * grey_mean(image));
    return each_pixel<1>(image, all, [&](vec* v) { v[0] = clamp(value * v[0] + rest, high); });
  }
  case ChangeKind::saturation:
    return saturate(image, value, peak);
  case ChangeKind::hue:
    return turn_hue(image, value);
  case ChangeKind::sharpness:
    return sharpen(image, value, peak);
  case ChangeKind::posterize: {
    if (value >= 8) return;
    const float levels = std::exp2(value), step = (peak == 255 ? 256 : peak) / levels;
    const vec most = broadcast(levels - 1);
    return each_pixel<1>(image, all,
                         [&](vec* v) { v[0] = floor_of(clamp(v[0] * (1 / step), most)) * step; });
  }
  case ChangeKind::solarize: {
    const vec threshold = broadcast(value * peak);
    return each_pixel<1>(image, all,
                         [&](vec* v) { v[0] = select(v[0] >= threshold, high - v[0], v[0]); });
  }
  case ChangeKind::autocontrast:
    return stretch(image, peak);
  case ChangeKind::equalize:
    return equalize(image, peak);
  default:
    return;
  }
}

float Colours::grey_mean(const float* image) const {
  BlockedSum sum;
  const long n = plane();
  for (long i = 0; i < n; i += kLanes) {
    const int some = static_cast<int>(std::min<long>(kLanes, n - i));
    vec v[3];
    for (int c = 0; c < count_; c++) v[c] = load_some(image + c * n + i, some);
    sum.add(count_ < 3 ? v[0] : luma(v));
  }
  return static_cast<float>(masked_sum(sum.total(), ~ivec{}) / static_cast<double>(n));
}

// One channel is its own luma, and stays.
void Colours::saturate(float* image, float factor, float peak) const {
  if (count_ < 3)
    return each_pixel<1>(image, count_ * plane(),
                         [&](vec* v) { v[0] = clamp(v[0], broadcast(peak)); });
  each_pixel<3>(image, plane(), [&](vec* v) {
    const vec rest = (1 - factor) * luma(v);
    for (int c = 0; c < 3; c++) v[c] = clamp(factor * v[c] + rest, broadcast(peak));
  });
}

// Hue in sixths of the circle from the colours, as HSV has it, and back. With m the highest of the
// three and d its distance from the lowest, a colour of offset n is m - d clamp(min(k, 4 - k), 0,
// 1) at k = (n + hue) mod 6; n is 5, 3 and 1 for red, green and blue.
void Colours::turn_hue(float* image, float turn) const {
  if (count_ < 3) return;
  const vec six = broadcast(6.0f), one = broadcast(1.0f);
  each_pixel<3>(image, plane(), [&](vec* v) {
    const vec high = maximum(maximum(v[0], v[1]), v[2]);
    const vec range = high - minimum(minimum(v[0], v[1]), v[2]);
    const vec unit = one / select(range > vec{}, range, one);
    vec hue = select(high == v[0], (v[1] - v[2]) * unit,
                     select(high == v[1], 2 + (v[2] - v[0]) * unit, 4 + (v[0] - v[1]) * unit));
    hue += 6 * turn;
    hue = select(hue < vec{}, hue + six, hue);
    hue = select(hue >= six, hue - six, hue);
    for (int c = 0; c < 3; c++) {
      vec k = hue + static_cast<float>(5 - 2 * c);
      k = select(k >= six, k - six, k);
      v[c] = high - range * clamp(minimum(k, 4 - k), one);
    }
  });
}

void Colours::sharpen(float* image, float factor, float peak) {
  if (height_ <= 2 || width_ <= 2) return;
  const int w = width_;
  const float around = (1 - factor) / 13;
  smooth_.resize(plane());
  for (int c = 0; c < count_; c++) {
    float* at = image + c * plane();
    std::copy(at, at + plane(), smooth_.begin());
    for (int y = 0; y < height_; y++) {
      float* __restrict to = at + static_cast<long>(y) * w;
      if (y == 0 || y == height_ - 1) {
        for (int x = 0; x < w; x++) to[x] = std::min(std::max(to[x], 0.0f), peak);
        continue;
      }
      const float* __restrict from = smooth_.data() + static_cast<long>(y) * w;
      to[0] = std::min(std::max(to[0], 0.0f), peak);
      to[w - 1] = std::min(std::max(to[w - 1], 0.0f), peak);
      for (int x = 1; x < w - 1; x++) {
        float sum = 4 * from[x];
        for (int i = -1; i <= 1; i++) sum += from[x + i - w] + from[x + i] + from[x + i + w];
        const float value = factor * from[x] + around * sum;
        to[x] = std::min(std::max(value, 0.0f), peak);
      }
    }
  }
}

void Colours::stretch(float* image, float peak) const {
  for (int c = 0; c < count_; c++) {
    float* at = image + c * plane();
    vec lowest = broadcast(at[0]), highest = lowest;
    long i = 0;
    for (; i + kLanes <= plane(); i += kLanes) {
      lowest = minimum(lowest, load(at + i));
      highest = maximum(highest, load(at + i));
    }
    float low = at[0], high = at[0];
    for (int l = 0; l < kLanes; l++)
      low = std::min(low, lowest[l]), high = std::max(high, highest[l]);
    for (; i < plane(); i++) low = std::min(low, at[i]), high = std::max(high, at[i]);
    if (high <= low) continue;
    const float scale = peak / (high - low);
    each_pixel<1>(at, plane(),
                  [&](vec* v) { v[0] = clamp((v[0] - low) * scale, broadcast(peak)); });
  }
}

// As Pillow's ImageOps.equalize, on values rounded to 256 levels.
void Colours::equalize(float* image, float peak) const {
  const float scale = 255 / peak;
  const auto level = [&](float v) {
    return static_cast<int>(std::min(std::max(v * scale + 0.5f, 0.0f), 255.0f));
  };
  for (int c = 0; c < count_; c++) {
    float* at = image + c * plane();
    long histogram[256] = {};
    int highest = 0;
    for (long i = 0; i < plane(); i++) histogram[level(at[i])]++;
    for (int k = 0; k < 256; k++)
      if (histogram[k]) highest = k;
    const long step = (plane() - histogram[highest]) / 255;
    if (!step) continue;
    float table[256];
    long pixels_below = 0;
    for (int k = 0; k < 256; k++) {
      table[k] = static_cast<float>(std::min<long>((pixels_below + step / 2) / step, 255)) / scale;
      pixels_below += histogram[k];
    }
    for (long i = 0; i < plane(); i++) at[i] = table[level(at[i])];
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
