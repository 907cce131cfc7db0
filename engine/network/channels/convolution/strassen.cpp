// Definition: conv_layer.
// Test: tests/engine/network/channels/convolution/test_strassen.py.
//
// Strassen's algorithm in Winograd's form, one level. Pixels A (even ones above, odd ones below;
// input channels in two halves), weights B (input channels by output channels), and their product
// C:
//
//   S1 = A21 + A22   T1 = B12 - B11   P1 = A11 B11   P5 = S1 T1   C11 = P1 + P2
//   S2 = S1 - A11    T2 = B22 - T1    P2 = A12 B21   P6 = S2 T2   C12 = P1 + P6 + P5 + P3
//   S3 = A11 - A21   T3 = B22 - B12   P3 = S4 B22    P7 = S3 T3   C21 = P1 + P6 + P7 - P4
//   S4 = A12 - S2    T4 = T2 - B21    P4 = A22 T4                 C22 = P1 + P6 + P7 + P5
//
// Pairs are of pixels of two rows or within a row, by the map's size, and the same whoever computes
// them, so that results do not depend on threads. T is packed; S are four additions for a pair,
// once for all output channels. Budget of a tile of 4 vecs x 6 pixels of each quarter of C: 7 x 24
// multiply-adds for an input channel of a half, and once 168 additions of what the products before
// have left in memory.
#include "network/channels/convolution/strassen.h"

#include "network/channels/layout.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

constexpr int kProducts = 7;

// Pairs of pixels, in tiles, of a tile of channels in each half.
struct Pairs {
  const float* in[kProducts];
  long in_block;              // floats from one block of input channels to the next
  int blocks;                 // of a half
  const vec* weights;         // [product][input channel][vec]
  const vec* bias[2];         // of a half of channels
  vec* out[2];                // of a half of channels
  const vec* add[2];          // or nullptr
  const int *out_at, *add_at; // vecs from there to the even pixel of each pair, ...
  long out_odd, add_odd;      // ... and on to the odd one
  long out_plane, add_plane;
  const Floors* floors;
  int count; // of tiles
};

// The sums of a quarter, of even pixels or of odd ones.
template <int C, int X, bool Add>
[[gnu::always_inline]] inline void put(const Pairs& p, int odd, int half, int first,
                                       const vec (&sums)[C][X]) {
  const Pairs* end = &p; // what only the end of a product needs is read there
  reread(end);
  const Floors floors = *end->floors;
  vec bias[C];
#pragma GCC unroll 16
  for (int c = 0; c < C; c++) bias[c] = end->bias[half][c];
  const long out_plane = end->out_plane, add_plane = end->add_plane;
  vec* const to = end->out[half] + odd * end->out_odd;
  const vec* const from = Add ? end->add[half] + odd * end->add_odd : nullptr;
#pragma GCC unroll 16
  for (int i = 0; i < X; i++) {
    vec* out = to + end->out_at[first + i];
    const vec* add = Add ? from + end->add_at[first + i] : nullptr;
    reread(out);
#pragma GCC unroll 16
    for (int c = 0; c < C; c++) {
      const vec v = sums[c][i] + bias[c];
      out[c * out_plane] = Add ? floors(v, add[c * add_plane]) : floors(v);
    }
  }
}
template <int C, int X>
[[gnu::always_inline]] inline void put(const Pairs& p, int odd, int half, int first,
                                       const vec (&sums)[C][X]) {
  p.add[half] ? put<C, X, true>(p, odd, half, first, sums)
              : put<C, X, false>(p, odd, half, first, sums);
}

template <int C, int X, class F>
[[gnu::always_inline]] inline void each(F f) {
#pragma GCC unroll 16
  for (int c = 0; c < C; c++)
#pragma GCC unroll 16
    for (int i = 0; i < X; i++) f(c, i);
}

template <int C, int X>
struct Tile {
  static void run(const Pairs& p) {
    // Of products of even pixels, of odd ones: in memory, for in registers they would push out the
    // sums at the end of each product.
    vec upper[C][X], lower[C][X];
    keep_in_memory(upper);
    keep_in_memory(lower);
    for (int t = 0; t < p.count; t++) {
      const int x = t * X;
      const vec* weights = p.weights;
      for (int k = 0; k < kProducts; k++) {
        // Each from zero: to begin with another's sums takes a register for each at once.
        vec sums[C][X] = {};
        const float* at = p.in[k] + static_cast<long>(x) * kLanes;
        for (int b = 0; b < p.blocks; b++, at += p.in_block)
#pragma GCC unroll 2
          for (int l = 0; l < kLanes; l++, weights += C) {
            add_product<C, X>(at + l, kLanes, weights, sums);
          }
        switch (k) {
        case 0: // P1
          each<C, X>([&](int c, int i) { upper[c][i] = sums[c][i]; });
          break;
        case 1: // P1 + P2
          each<C, X>([&](int c, int i) { sums[c][i] += upper[c][i]; });
          put<C, X>(p, 0, 0, x, sums);
          break;
        case 2: // P1 + P6
          each<C, X>([&](int c, int i) { upper[c][i] += sums[c][i]; });
          break;
        case 3: // P1 + P6 + P7
          each<C, X>([&](int c, int i) { lower[c][i] = upper[c][i] + sums[c][i]; });
          break;
        case 4: // P1 + P6 + P7 - P4
          each<C, X>([&](int c, int i) { sums[c][i] += lower[c][i]; });
          put<C, X>(p, 1, 0, x, sums);
          break;
        case 5: // P1 + P6 + P5, P1 + P6 + P7 + P5
          each<C, X>([&](int c, int i) { upper[c][i] += sums[c][i]; });
          each<C, X>([&](int c, int i) { sums[c][i] += lower[c][i]; });
          put<C, X>(p, 1, 1, x, sums);
          break;
        default: // P1 + P6 + P5 + P3
          each<C, X>([&](int c, int i) { sums[c][i] += upper[c][i]; });
          put<C, X>(p, 0, 1, x, sums);
        }
      }
    }
  }
};

} // namespace

// Rows are paired where two threads can share the pairs evenly: their pixels lie side by side in
// the output. Else pixels within a row, so that three rows of six have pairs as well.
Strassen::Strassen(const Step& step, int strip, long plane)
    : s_(step), half_in_(stored(step.in).channels / 2), half_out_(stored(step.out).channels / 2),
      vecs_(choose_cut(std::max(1, half_out_), strip / 2).vecs),
      tiles_((half_out_ + vecs_ - 1) / vecs_), strip_(strip),
      pairs_rows_(step.out.width % 2 || step.out.height % 4 == 0), plane_(plane) {}

const char* Strassen::declines(const Step& s) {
  if (kSmallCode) return "the engine is small";
  if (s.in.channels % (2 * kLanes) || stored(s.out).channels % 2)
    return "channels that do not fill two halves of vecs";
  if (s.out.height * s.out.width % 2) return "an odd number of pixels";
  return nullptr;
}

long Strassen::packed_bytes() const {
  return static_cast<long>(sizeof(vec)) * kProducts * half_in_ * kLanes * half_out_;
}

void Strassen::pack(const float* weights, const double* scales) {
  const int inputs = half_in_ * kLanes, outputs = half_out_ * kLanes;
  packed_.resize(static_cast<size_t>(kProducts) * inputs * half_out_);
  auto weight = [&](int i, int o) {
    return o < s_.out.channels ? weights[static_cast<long>(o) * s_.in.channels + i] * scales[o] : 0;
  };
  for (int first = 0; first < half_out_; first += vecs_) {
    const int vecs = std::min(vecs_, half_out_ - first);
    vec* to = packed_.data() + static_cast<long>(first) * kProducts * inputs;
    for (int i = 0; i < inputs; i++)
      for (int o = first * kLanes; o < (first + vecs) * kLanes; o++) {
        const double b11 = weight(i, o), b12 = weight(i, outputs + o), b21 = weight(inputs + i, o),
                     b22 = weight(inputs + i, outputs + o);
        const double t1 = b12 - b11, t2 = b22 - t1, t3 = b22 - b12, t4 = t2 - b21;
        const double all[kProducts] = {b11, b21, t2, t3, -t4, t1, b22};
        for (int k = 0; k < kProducts; k++)
          to[(static_cast<long>(k) * inputs + i) * vecs + o / kLanes - first][o % kLanes] =
              static_cast<float>(all[k]);
      }
  }
}

void Strassen::place(const Slot& out, const Slot* other) {
  const int width = s_.out.width, rows = pairs_rows_ ? 2 : 1, each = width * rows / 2;
  auto places = [&](const Slot& slot, std::vector<int>& at) {
    at.resize(strip_ / 2);
    for (int i = 0; i < strip_ / 2; i++)
      at[i] = static_cast<int>(i / each * rows * slot.value_layout.row + i % each * (3 - rows));
  };
  places(out, out_at_);
  if (other) places(*other, add_at_);
}

void Strassen::combine(const vec* values, int b, int pairs, vec* combined) const {
  const long half = half_in_ * plane_, odd = strip_ / 2;
  const vec* a = values + b * plane_;
  vec* s = combined + b * plane_;
  for (int i = 0; i < pairs; i++, a++, s++) {
    const vec a11 = a[0], a21 = a[odd], s1 = a21 + a[half + odd], s2 = s1 - a11;
    s[0] = s1;
    s[odd] = s2;
    s[half] = a11 - a21;
    s[half + odd] = a[half] - s2;
  }
}

void Strassen::multiply(const Rows& rows, int tile, int y, int n) const {
  const int first = tile * vecs_, vecs = std::min(vecs_, half_out_ - first);
  const long half = half_in_ * plane_, odd = strip_ / 2;
  const vec *a = rows.values, *s = rows.combined;
  // P1, P2, P6, P7, P4, P5, P3
  const vec* in[kProducts] = {a, a + half, s + odd, s + half, a + half + odd, s, s + half + odd};
  Pairs p{};
  for (int k = 0; k < kProducts; k++) p.in[k] = reinterpret_cast<const float*>(in[k]);
  p.in_block = plane_ * kLanes;
  p.blocks = half_in_;
  p.weights = packed_.data() + static_cast<long>(first) * kProducts * half_in_ * kLanes;
  for (int h = 0; h < 2; h++) {
    const int block = h * half_out_ + first;
    p.bias[h] = rows.bias + block;
    p.out[h] = rows.to + rows.out.value_layout.at(block, y, 0);
    if (rows.add) p.add[h] = rows.add + rows.other.value_layout.at(block, y, 0);
  }
  p.out_at = out_at_.data();
  p.add_at = add_at_.data();
  p.out_odd = pairs_rows_ ? rows.out.value_layout.row : 1;
  p.add_odd = pairs_rows_ ? rows.other.value_layout.row : 1;
  p.out_plane = rows.out.value_layout.plane;
  p.add_plane = rows.other.value_layout.plane;
  const Floors floors(*rows.then);
  p.floors = &floors;

  // Tiles are about as large as each other.
  const int pairs = n * s_.out.width / 2, most = std::min(kMostValues, kAccumulators / vecs);
  const int tiles = (pairs + most - 1) / most, pixels = (pairs + tiles - 1) / tiles;
  p.count = pairs / pixels;
  TileTable<Tile>::at(vecs, pixels)(p);
  if (const int last = pairs % pixels) {
    const int done = pairs - last;
    for (const float*& in_k : p.in) in_k += static_cast<long>(done) * kLanes;
    p.out_at += done;
    if (rows.add) p.add_at += done;
    p.count = 1;
    TileTable<Tile>::at(vecs, last)(p);
  }
  if (rows.then->activate)
    for (int h = 0; h < 2; h++)
      for (int c = 0; c < vecs; c++)
        for (int r = 0; r < n; r++)
          rows.then->finish(p.out[h] + c * p.out_plane + r * rows.out.value_layout.row,
                            s_.out.width);
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
