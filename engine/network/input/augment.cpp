// Definition: resized_crop, warp_affine, shear_x, shear_y, translate, rotate, erase, mixup, cutmix.
// Test: tests/engine/network/input/test_augment.py.
//
// Loops behind augment.h. Each is written so that the compiler makes vector code of it at every
// instruction set; only sample_row gathers.
#include "network/input/augment.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include "random.h"
#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

namespace {

constexpr int kTaps = 8;                   // bumps that reach a point: all within 4 sigma
constexpr int kTile = 16;                  // columns whose sums stay in registers
constexpr int kRows = kLanes == 4 ? 2 : 4; // and rows

int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

// Spacing of the elastic bumps. Below one pixel there is nothing to save.
float node_spacing(float sigma) { return std::max(sigma, 1.0f); }

int first_node(int pixel, float spacing) {
  return static_cast<int>(static_cast<float>(pixel) / spacing);
}

// Nodes along an axis: kTaps/2 - 1 before the first pixel, kTaps/2 beyond the last.
int node_count(int pixels, float spacing) { return first_node(pixels - 1, spacing) + kTaps; }

// What a node gives to a pixel. Node k stands at k - (kTaps/2 - 1) spacings; the square root of the
// spacing, on each axis, makes up for the variance of the nodes left out.
struct Bump {
  double sigma, spacing, peak;

  explicit Bump(float of_sigma)
      : sigma(std::max(of_sigma, 1e-3f)), spacing(node_spacing(of_sigma)) {
    double sum = 0;
    const int reach = static_cast<int>(6 * sigma) + 1;
    for (int i = -reach; i <= reach; ++i) sum += std::exp(-0.5 * i * i / (sigma * sigma));
    peak = std::sqrt(spacing) / sum;
  }
  float operator()(int pixel, int node) const {
    const double distance = (pixel - (node - (kTaps / 2 - 1)) * spacing) / sigma;
    return static_cast<float>(peak * std::exp(-0.5 * distance * distance));
  }
};

typedef float quad __attribute__((vector_size(16)));

inline quad load_quad(const float* p) {
  quad q;
  std::memcpy(&q, p, sizeof q);
  return q;
}

// {p[0], p[1], q[0], q[1]}
inline quad load_pairs(const float* p, const float* q) {
  double pair[2];
  std::memcpy(&pair[0], p, 8);
  std::memcpy(&pair[1], q, 8);
  typedef double doubles __attribute__((vector_size(16)));
  return (quad)doubles{pair[0], pair[1]};
}

} // namespace

ElasticField::ElasticField(float alpha, float sigma, int height, int width)
    : height_(height), columns_(round_up(width, kTile)) {
  if (alpha == 0) return;
  const float spacing = node_spacing(sigma);
  const Bump bump(sigma);
  nodes_x_ = node_count(columns_, spacing);
  nodes_y_ = height == 1 ? 1 : node_count(height, spacing);
  nodes_per_tile_ = std::min(nodes_x_, static_cast<int>(kTile / spacing) + 1 + kTaps);

  for (int tile = 0; tile < columns_ / kTile; ++tile) {
    const int first = std::min(first_node(tile * kTile, spacing), nodes_x_ - nodes_per_tile_);
    first_node_x_.push_back(first);
    for (int k = first; k < first + nodes_per_tile_; ++k)
      for (int x = tile * kTile; x < (tile + 1) * kTile; ++x)
        weights_x_.push_back(alpha * bump(x, k));
  }
  for (int y = 0; y < height; ++y) {
    first_node_y_.push_back(first_node(y, spacing));
    for (int t = 0; t < kTaps; ++t) weights_y_.push_back(bump(y, first_node_y_.back() + t));
  }
  noise_.resize(round_up(row_count() * nodes_x_, kRandomBlock));
  rows_.resize(row_count() * columns_);
}

// Rows of nodes, of both axes.
int ElasticField::row_count() const { return round_up((height_ == 1 ? 1 : 2) * nodes_y_, kRows); }

void ElasticField::draw(uint64_t seed, uint64_t step, uint64_t index) {
  const int rows = row_count();
  const int count = rows * nodes_x_;
  for (int block = 0; block * kRandomBlock < count; ++block) {
    uint32_t words[kRandomBlock];
    random_block(seed, step, index, Stream::elastic, block, words);
    float* __restrict noise = noise_.data() + block * kRandomBlock;
    for (int i = 0; i < kRandomBlock; ++i) noise[i] = signed_uniform(words[i]);
  }
  // Along x: a product of matrices, (rows, nodes_x) with (nodes_x, columns), banded by tiles.
  for (int tile = 0; tile < columns_ / kTile; ++tile) {
    const float* weights = weights_x_.data() + tile * nodes_per_tile_ * kTile;
    for (int r = 0; r < rows; r += kRows) {
      const float* noise = noise_.data() + r * nodes_x_ + first_node_x_[tile];
      float* out = rows_.data() + r * columns_ + tile * kTile;
      vec sum[kRows][kTile / kLanes] = {};
      for (int k = 0; k < nodes_per_tile_; ++k)
        for (int v = 0; v < kTile / kLanes; ++v) {
          const vec weight = load(weights + k * kTile + v * kLanes);
          for (int i = 0; i < kRows; ++i) sum[i][v] += noise[i * nodes_x_ + k] * weight;
        }
      for (int i = 0; i < kRows; ++i)
        for (int v = 0; v < kTile / kLanes; ++v) store(out + i * columns_ + v * kLanes, sum[i][v]);
    }
  }
}

void ElasticField::row(int y, float* dx, float* dy) const {
  if (height_ == 1) {
    std::copy(rows_.begin(), rows_.begin() + columns_, dx);
    return;
  }
  vec weight[kTaps];
  for (int t = 0; t < kTaps; ++t) weight[t] = broadcast(weights_y_[y * kTaps + t]);
  const int n = columns_;
  const auto blend = [&](const float* nodes, float* out) {
    for (int x = 0; x < n; x += kLanes) {
      vec sum = weight[0] * load(nodes + x);
      for (int t = 1; t < kTaps; ++t) sum += weight[t] * load(nodes + t * n + x);
      store(out + x, sum);
    }
  };
  const float* nodes = rows_.data() + first_node_y_[y] * n;
  blend(nodes, dx);
  blend(nodes + nodes_y_ * n, dy);
}

Augmenter::Augmenter(const Augmentation& options, int channels, int height, int width,
                     uint64_t seed)
    : options_(options), channels_(channels), height_(height), width_(width), stride_(width + 3),
      seed_(seed), elastic_(options.elastic_alpha, options.elastic_sigma, height, width),
      colours_(channels, height, width),
      partner_(options.mixes() ? static_cast<size_t>(channels) * height * width : 0) {
  if (options_.erased.empty()) options_.erased.assign(channels, options.fill);
  if (!options.moves() && options.operations == 0) return;
  // One pixel of border before, two after: a point is held within one pixel of the image, and
  // from there its right and lower neighbours are read too.
  bordered_.assign(static_cast<size_t>(channels) * (height + 3) * stride_, options.fill);
  const int columns = round_up(width, kTile);
  for (auto* row : {&dx_, &dy_, &part_x_, &part_y_}) row->assign(columns, 0.0f);
  corner_.assign(columns, 0);
}

template <typename Pixel>
void Augmenter::operator()(const Pixel* images, int64_t index, int64_t partner, uint64_t step,
                           float* out) {
  const long size = static_cast<long>(channels_) * height_ * width_;
  const Draw draw{seed_, step, static_cast<uint64_t>(index)};
  augment(images + index * size, draw, out);
  const Mix mix = draw_mix(options_, height_, width_, draw);
  if (mix.share == 1 || partner == index) return;
  augment(images + partner * size, {seed_, step, static_cast<uint64_t>(partner)}, partner_.data());
  mix_in(mix, out);
}
template void Augmenter::operator()(const uint8_t*, int64_t, int64_t, uint64_t, float*);
template void Augmenter::operator()(const float*, int64_t, int64_t, uint64_t, float*);

template <typename Pixel>
void Augmenter::augment(const Pixel* image, const Draw& draw, float* out) {
  draw_changes(options_, height_, width_, draw, changes_);
  const bool elastic = options_.elastic_alpha != 0;
  if (elastic || (!changes_.empty() && changes_[0].kind <= ChangeKind::vflip)) {
    copy_inside_border(image);
    if (elastic) elastic_.draw(draw.seed, draw.step, draw.index);
    resample(compose(), elastic, out);
  } else {
    const size_t n = static_cast<size_t>(channels_) * height_ * width_;
    for (size_t i = 0; i < n; ++i) out[i] = static_cast<float>(image[i]);
  }
  for (const Change& change : changes_)
    if (change.kind > ChangeKind::vflip) make(change, sizeof(Pixel) == 1 ? 255.0f : 1.0f, out);
  if (options_.noise != 0) add_noise(draw, out);
}

template <typename Pixel>
void Augmenter::copy_inside_border(const Pixel* image) {
  for (int c = 0; c < channels_; ++c)
    for (int y = 0; y < height_; ++y) {
      const Pixel* __restrict from = image + (static_cast<size_t>(c) * height_ + y) * width_;
      float* __restrict to =
          bordered_.data() + (static_cast<size_t>(c) * (height_ + 3) + y + 1) * stride_ + 1;
      const int n = width_;
      for (int x = 0; x < n; ++x) to[x] = static_cast<float>(from[x]);
    }
}

// Points p, counted from the centre, come from matrix · p + (to_x, to_y).
Augmenter::AffineMap Augmenter::about_centre(float xx, float xy, float yx, float yy, float to_x,
                                             float to_y) const {
  const float x = 0.5f * static_cast<float>(width_ - 1);
  const float y = 0.5f * static_cast<float>(height_ - 1);
  return {
      1 + x + to_x - (xx * x + xy * y), xx, xy, 1, 1 + y + to_y - (yx * x + yy * y), yx, yy, 1, 0};
}

Augmenter::AffineMap Augmenter::compose() const {
  AffineMap map = about_centre(1, 0, 0, 1, 0, 0);
  const float width = static_cast<float>(width_), height = static_cast<float>(height_);
  const Change* crop = nullptr;
  // x and y become `to` minus themselves, or are taken in proportion.
  const auto scale_x = [&](float by, float to) {
    map.x0 = to + by * map.x0, map.xx *= by, map.xy *= by, map.dx *= by;
  };
  const auto scale_y = [&](float by, float to) {
    map.y0 = to + by * map.y0, map.yx *= by, map.yy *= by, map.dy *= by;
  };
  for (const Change& change : changes_) {
    const float* v = change.value;
    if (change.kind == ChangeKind::crop) crop = &change;
    if (change.kind == ChangeKind::flip) scale_x(-1, width + 1);
    if (change.kind == ChangeKind::vflip) scale_y(-1, height + 1);
    if (change.kind != ChangeKind::affine) continue;
    // A^-1 = 1/zoom · [1 -shear; 0 1] · [cos sin; -sin cos]
    const float angle = v[2] * (std::numbers::pi_v<float> / 180), shear = v[4];
    const float c = std::cos(angle) / v[3], s = std::sin(angle) / v[3];
    const float xx = c + shear * s, xy = s - shear * c;
    map = about_centre(xx, xy, -s, c, -(xx * v[0] + xy * v[1]), s * v[0] - c * v[1]);
  }
  if (crop) {
    // The first pixel of the copy is its border, and centres lie half a pixel inside.
    const float of_y = crop->value[2] / height, of_x = crop->value[3] / width;
    scale_y(of_y, crop->value[0] + 0.5f * (1 - of_y));
    scale_x(of_x, crop->value[1] + 0.5f * (1 - of_x));
  }
  map.margin = options_.warps() ? 0.0f : 1.0f;
  return map;
}

void Augmenter::resample(const AffineMap& map, bool elastic, float* out) {
  for (int y = 0; y < height_; ++y) {
    locate_row(map, elastic, y);
    for (int c = 0; c < channels_; ++c)
      sample_row(bordered_.data() + static_cast<size_t>(c) * (height_ + 3) * stride_,
                 out + (static_cast<size_t>(c) * height_ + y) * width_);
  }
}

// RandAugment's shears are about the first pixel's corner, as in the paper.
void Augmenter::make(const Change& change, float peak, float* out) {
  const float value = change.value[0];
  const auto warp = [&](float xx, float xy, float yx, float yy, float to_x, float to_y) {
    copy_inside_border(out);
    resample(about_centre(xx, xy, yx, yy, to_x, to_y), false, out);
  };
  switch (change.kind) {
  case ChangeKind::shear_x:
    return warp(1, value, 0, 1, 0.5f * value * static_cast<float>(height_), 0);
  case ChangeKind::shear_y:
    return warp(1, 0, value, 1, 0, 0.5f * value * static_cast<float>(width_));
  case ChangeKind::translate_x:
    return warp(1, 0, 0, 1, -value, 0);
  case ChangeKind::translate_y:
    return warp(1, 0, 0, 1, 0, -value);
  case ChangeKind::rotate: {
    const float angle = value * (std::numbers::pi_v<float> / 180);
    const float c = std::cos(angle), s = std::sin(angle);
    return warp(c, -s, s, c, 0, 0);
  }
  case ChangeKind::erase:
    return erase(change, out);
  default:
    return colours_.change(change, peak, out);
  }
}

void Augmenter::erase(const Change& change, float* out) const {
  const int top = static_cast<int>(change.value[0]), left = static_cast<int>(change.value[1]);
  const int rows = static_cast<int>(change.value[2]), columns = static_cast<int>(change.value[3]);
  for (int c = 0; c < channels_; ++c)
    for (int y = top; y < top + rows; ++y)
      std::fill_n(out + (static_cast<size_t>(c) * height_ + y) * width_ + left, columns,
                  options_.erased[c]);
}

void Augmenter::mix_in(const Mix& mix, float* out) const {
  const float* partner = partner_.data();
  if (!mix.box) {
    const size_t n = partner_.size();
    for (size_t i = 0; i < n; ++i) out[i] = mix.share * out[i] + (1 - mix.share) * partner[i];
    return;
  }
  for (int c = 0; c < channels_; ++c)
    for (int y = mix.top; y < mix.top + mix.height; ++y) {
      const size_t at = (static_cast<size_t>(c) * height_ + y) * width_ + mix.left;
      std::copy_n(partner + at, mix.width, out + at);
    }
}

// Where the pixels of row y come from: the corner of the four neighbours, and the part of a pixel
// that the point lies beyond it.
void Augmenter::locate_row(const AffineMap& map, bool elastic, int y) {
  if (elastic) elastic_.row(y, dx_.data(), dy_.data());
  const float* __restrict dx = dx_.data();
  const float* __restrict dy = dy_.data();
  float* __restrict part_x = part_x_.data();
  float* __restrict part_y = part_y_.data();
  int32_t* __restrict corner = corner_.data();
  const float row = static_cast<float>(y);
  const float x0 = map.x0 + map.xy * row, y0 = map.y0 + map.yy * row;
  const float first = map.margin;
  const float last_x = static_cast<float>(width_ + 1) - first;
  const float last_y = static_cast<float>(height_ + 1) - first;
  const float xx = map.xx, yx = map.yx;
  const float by_x = elastic ? map.dx : 0.0f, by_y = elastic ? map.dy : 0.0f;
  const int stride = stride_, n = static_cast<int>(corner_.size());
  for (int i = 0; i < n; ++i) {
    const float column = static_cast<float>(i);
    float px = x0 + xx * column + by_x * dx[i];
    float py = y0 + yx * column + by_y * dy[i];
    // Written so that a NaN becomes a border's place, not an address.
    px = px > first ? px : first;
    py = py > first ? py : first;
    px = px < last_x ? px : last_x;
    py = py < last_y ? py : last_y;
    const int32_t left = static_cast<int32_t>(px), top = static_cast<int32_t>(py);
    part_x[i] = px - static_cast<float>(left);
    part_y[i] = py - static_cast<float>(top);
    corner[i] = top * stride + left;
  }
}

// Four pixels at a time, at every width of vector: the two neighbours of a row lie side by side, so
// eight loads of a pair fetch what sixteen loads, or four gathers, would.
void Augmenter::sample_row(const float* plane, float* out) const {
  for (int i = 0; i < width_; i += 4) {
    const int32_t* corner = corner_.data() + i;
    const quad part_x = load_quad(part_x_.data() + i), part_y = load_quad(part_y_.data() + i);
    const auto neighbours = [&](int row, int pixel) {
      const float* at = plane + row * stride_;
      return load_pairs(at + corner[pixel], at + corner[pixel + 1]);
    };
    const quad above01 = neighbours(0, 0), above23 = neighbours(0, 2);
    const quad below01 = neighbours(1, 0), below23 = neighbours(1, 2);
    const quad part01 = __builtin_shufflevector(part_y, part_y, 0, 0, 1, 1);
    const quad part23 = __builtin_shufflevector(part_y, part_y, 2, 2, 3, 3);
    const quad both01 = above01 + part01 * (below01 - above01);
    const quad both23 = above23 + part23 * (below23 - above23);
    const quad left = __builtin_shufflevector(both01, both23, 0, 2, 4, 6);
    const quad right = __builtin_shufflevector(both01, both23, 1, 3, 5, 7);
    const quad result = left + part_x * (right - left);
    if (i + 4 <= width_)
      std::memcpy(out + i, &result, sizeof result);
    else
      for (int k = 0; i + k < width_; ++k) out[i + k] = result[k];
  }
}

namespace {

// log(x) for x in (0, 1], within 2e-7 of its size: x = m 2^e with m in [sqrt(1/2), sqrt(2)), and
// log m = 2 atanh((m - 1) / (m + 1)) by its series.
inline float log_fast(float x) {
  const int32_t bits = std::bit_cast<int32_t>(x);
  const int32_t e = (bits - 0x3f3504f3) >> 23;
  const float m = std::bit_cast<float>(bits - (e << 23));
  const float z = (m - 1) / (m + 1), z2 = z * z;
  const float series = 2 + z2 * (2.0f / 3 + z2 * (2.0f / 5 + z2 * (2.0f / 7 + z2 * (2.0f / 9))));
  return static_cast<float>(e) * std::numbers::ln2_v<float> + z * series;
}

// sin(pi/2 t) and cos(pi/2 t) for t in [-1, 1], by their series to x^11 and x^12: within 1e-7.
inline float sin_quarter(float t) {
  const float x = t * (std::numbers::pi_v<float> / 2), x2 = x * x;
  float sum = -1.0f / 39916800;
  for (const float term : {1.0f / 362880, -1.0f / 5040, 1.0f / 120, -1.0f / 6, 1.0f})
    sum = term + x2 * sum;
  return x * sum;
}

inline float cos_quarter(float t) {
  const float x = t * (std::numbers::pi_v<float> / 2), x2 = x * x;
  float sum = 1.0f / 479001600;
  for (const float term : {-1.0f / 3628800, 1.0f / 40320, -1.0f / 720, 1.0f / 24, -0.5f, 1.0f})
    sum = term + x2 * sum;
  return sum;
}

} // namespace

// Box and Muller, "A note on the generation of random normal deviates", 1958: two uniform numbers
// give two normal ones, r cos and r sin. The angle is drawn within the right half of the circle,
// and a spare bit gives the side.
void Augmenter::add_noise(const Draw& draw, float* out) const {
  const size_t n = static_cast<size_t>(channels_) * height_ * width_;
  constexpr int half = kRandomBlock / 2;
  for (size_t done = 0; done < n; done += kRandomBlock) {
    uint32_t words[kRandomBlock];
    float normal[kRandomBlock];
    random_block(draw.seed, draw.step, draw.index, Stream::noise,
                 static_cast<uint32_t>(done / kRandomBlock), words);
    for (int i = 0; i < half; ++i) {
      const float r = options_.noise * std::sqrt(-2 * log_fast(1 - uniform(words[i])));
      const float angle = signed_uniform(words[half + i]);
      const float side = words[half + i] & 1 ? r : -r;
      normal[i] = side * cos_quarter(angle);
      normal[half + i] = side * sin_quarter(angle);
    }
    const size_t count = std::min<size_t>(kRandomBlock, n - done);
    for (size_t i = 0; i < count; ++i) out[done + i] += normal[i];
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
