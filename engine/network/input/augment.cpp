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
      seed_(seed), elastic_(options.elastic_alpha, options.elastic_sigma, height, width) {
  if (!options.moves()) return;
  // One pixel of border before, two after: a point is held within one pixel of the image, and
  // from there its right and lower neighbours are read too.
  bordered_.assign(static_cast<size_t>(channels) * (height + 3) * stride_, options.fill);
  const int columns = round_up(width, kTile);
  for (auto* row : {&dx_, &dy_, &part_x_, &part_y_}) row->assign(columns, 0.0f);
  corner_.assign(columns, 0);
}

void Augmenter::operator()(const uint8_t* image, uint64_t step, uint64_t index, float* out) {
  augment(image, step, index, out);
}

void Augmenter::operator()(const float* image, uint64_t step, uint64_t index, float* out) {
  augment(image, step, index, out);
}

template <typename Pixel>
void Augmenter::augment(const Pixel* image, uint64_t step, uint64_t index, float* out) {
  if (options_.moves()) {
    copy_inside_border(image);
    if (options_.elastic_alpha != 0) elastic_.draw(seed_, step, index);
    const AffineMap map = draw_map(step, index);
    for (int y = 0; y < height_; ++y) {
      locate_row(map, y);
      for (int c = 0; c < channels_; ++c)
        sample_row(bordered_.data() + static_cast<size_t>(c) * (height_ + 3) * stride_,
                   out + (static_cast<size_t>(c) * height_ + y) * width_);
    }
  } else {
    const size_t n = static_cast<size_t>(channels_) * height_ * width_;
    for (size_t i = 0; i < n; ++i) out[i] = static_cast<float>(image[i]);
  }
  if (options_.noise != 0) add_noise(step, index, out);
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

// Each option has a word of its own, so that turning one on leaves the draws of the others alone.
Augmenter::AffineMap Augmenter::draw_map(uint64_t step, uint64_t index) const {
  const RandomWords first = random_words(seed_, step, index, Stream::affine, 0);
  const RandomWords second = random_words(seed_, step, index, Stream::affine, 1);
  const bool image = height_ > 1;
  constexpr float radian = std::numbers::pi_v<float> / 180;
  const float shift_x = options_.shift * signed_uniform(first.word[0]);
  const float shift_y = image ? options_.shift * signed_uniform(first.word[1]) : 0.0f;
  const float angle = image ? options_.rotate * signed_uniform(first.word[2]) * radian : 0.0f;
  const float zoom = 1 + options_.scale * signed_uniform(first.word[3]);
  const float shear =
      image ? std::tan(options_.shear * signed_uniform(second.word[0]) * radian) : 0.0f;
  const bool flip = options_.flip && second.word[1] >> 31;

  // A^-1 = 1/zoom · [1 -shear; 0 1] · [cos sin; -sin cos]
  const float c = std::cos(angle) / zoom, s = std::sin(angle) / zoom;
  const float mirror = flip ? -1.0f : 1.0f;
  AffineMap map;
  map.mirror = mirror;
  map.xx = mirror * (c + shear * s);
  map.xy = mirror * (s - shear * c);
  map.yx = -s;
  map.yy = c;
  const float centre_x = 0.5f * static_cast<float>(width_ - 1);
  const float centre_y = 0.5f * static_cast<float>(height_ - 1);
  const float x = centre_x + shift_x, y = centre_y + shift_y;
  map.x0 = 1 + centre_x - (map.xx * x + map.xy * y);
  map.y0 = 1 + centre_y - (map.yx * x + map.yy * y);
  return map;
}

// Where the pixels of row y come from: the corner of the four neighbours, and the part of a pixel
// that the point lies beyond it.
void Augmenter::locate_row(const AffineMap& map, int y) {
  if (options_.elastic_alpha != 0) elastic_.row(y, dx_.data(), dy_.data());
  const float* __restrict dx = dx_.data();
  const float* __restrict dy = dy_.data();
  float* __restrict part_x = part_x_.data();
  float* __restrict part_y = part_y_.data();
  int32_t* __restrict corner = corner_.data();
  const float row = static_cast<float>(y);
  const float x0 = map.x0 + map.xy * row, y0 = map.y0 + map.yy * row;
  const float last_x = static_cast<float>(width_ + 1);
  const float last_y = static_cast<float>(height_ + 1);
  const float xx = map.xx, yx = map.yx, mirror = map.mirror;
  const int stride = stride_, n = static_cast<int>(corner_.size());
  for (int i = 0; i < n; ++i) {
    const float column = static_cast<float>(i);
    float px = x0 + xx * column + mirror * dx[i];
    float py = y0 + yx * column + dy[i];
    // Written so that a NaN becomes 0, not an address.
    px = px > 0 ? px : 0;
    py = py > 0 ? py : 0;
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
void Augmenter::add_noise(uint64_t step, uint64_t index, float* out) const {
  const size_t n = static_cast<size_t>(channels_) * height_ * width_;
  constexpr int half = kRandomBlock / 2;
  for (size_t done = 0; done < n; done += kRandomBlock) {
    uint32_t words[kRandomBlock];
    float normal[kRandomBlock];
    random_block(seed_, step, index, Stream::noise, static_cast<uint32_t>(done / kRandomBlock),
                 words);
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
