// Definition: conv_layer.
// Test: tests/engine/network/channels/test_predictor.py.
//
// Depthwise convolution, a channel a lane on both sides.
//
// Budget of a tile of R rows x X columns of a 3 x 3 kernel of stride 1: 9 R X multiply-adds for (R
// + 2)(X + 2) loads. One output after the other would load once for each multiply-add, and wait for
// loads; 4 x 4 outputs load 36 times for 144. The 9 weights stay in registers where there are 32.
#include "network/channels/convolution/depthwise.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

using Order = DepthwiseRows::Order;
constexpr int kTileRows = DepthwiseRows::kTileRows, kTileColumns = 4;

struct Window {
  const vec* in; // the first element that the tile reads
  long in_row;
  const vec *weights, *bias;
  vec* out;
  long out_row, odd; // DepthwiseRows::Place
  const vec* add;
  long add_row;
  const Following* then;
};

inline vec finish(const Window& w, vec v, const vec* add) {
  if (w.then->relu) v = relu(v);
  if (add) {
    v += *add;
    if (w.then->relu_after_add) v = relu(v);
  }
  return v;
}

// From the first output to that of row y, column x.
template <Order O>
inline long place(const Window& w, int y, int x) {
  if (O == Order::rows) return y / 2 * w.out_row + y % 2 * w.odd + x;
  if (O == Order::columns) return y * w.out_row + x / 2 + x % 2 * w.odd;
  return y * w.out_row + x;
}
template <Order O>
inline void finish_row(const Window& w, int y, int width) {
  vec* begin = w.out + place<O>(w, y, 0);
  if (O != Order::columns) return w.then->finish(begin, width);
  w.then->finish(begin, (width + 1) / 2);
  w.then->finish(begin + w.odd, width / 2);
}

// R x X outputs of a K x K kernel, of which the first is of an even row and an even column.
template <Order O, int K, int Stride, int R, int X>
void sum_window(const Window& w) {
  vec sums[R][X];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 16
    for (int x = 0; x < X; x++) sums[r][x] = *w.bias;
  constexpr int rows = (R - 1) * Stride + K, columns = (X - 1) * Stride + K;
#pragma GCC unroll 16
  for (int row = 0; row < rows; row++)
#pragma GCC unroll 16
    for (int column = 0; column < columns; column++) {
      vec value = w.in[row * w.in_row + column];
      keep(value);
#pragma GCC unroll 16
      for (int r = 0; r < R; r++)
#pragma GCC unroll 16
        for (int x = 0; x < X; x++) {
          const int i = row - r * Stride, j = column - x * Stride;
          if (i >= 0 && i < K && j >= 0 && j < K) sums[r][x] += w.weights[i * K + j] * value;
        }
    }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 16
    for (int x = 0; x < X; x++)
      w.out[place<O>(w, r, x)] = finish(w, sums[r][x], w.add ? w.add + r * w.add_row + x : nullptr);
}

template <Order O, int K, int Stride, int R>
void run_tiles(const Window& all, int r, int width) {
  Window w = all;
  w.in += r * Stride * w.in_row;
  w.out += place<O>(w, r, 0);
  if (w.add) w.add += r * w.add_row;
  auto next = [&](int columns) {
    w.in += columns * Stride;
    w.out += place<O>(w, 0, columns);
    if (w.add) w.add += columns;
  };
  int x = width;
  for (; x >= kTileColumns; x -= kTileColumns, next(kTileColumns))
    sum_window<O, K, Stride, R, kTileColumns>(w);
  if (x >= 2) {
    sum_window<O, K, Stride, R, 2>(w);
    next(2);
    x -= 2;
  }
  if (x) sum_window<O, K, Stride, R, 1>(w);
  for (int i = 0; i < R; i++) finish_row<O>(all, r + i, width);
}
template <Order O, int K, int Stride>
void run_rows(const Window& w, int height, int width) {
  int r = 0;
  for (; r + kTileRows <= height; r += kTileRows) run_tiles<O, K, Stride, kTileRows>(w, r, width);
  if constexpr (kTileRows > 3) // a map of 6 rows is shared by two threads
    if (r + 3 == height) return run_tiles<O, K, Stride, 3>(w, r, width);
  for (; r + 2 <= height; r += 2) run_tiles<O, K, Stride, 2>(w, r, width);
  for (; r < height; r++) run_tiles<O, K, Stride, 1>(w, r, width);
}
template <Order O>
void run_any(const Step& s, const Window& w, int height) {
  for (int r = 0; r < height; r++) {
    for (int x = 0; x < s.out.width; x++) {
      const vec* from = w.in + r * s.stride_y * w.in_row + x * s.stride_x;
      vec sum = *w.bias;
      for (int i = 0; i < s.kernel_h; i++)
        for (int j = 0; j < s.kernel_w; j++)
          sum +=
              w.weights[i * s.kernel_w + j] * from[i * s.dilation_y * w.in_row + j * s.dilation_x];
      w.out[place<O>(w, r, x)] = finish(w, sum, w.add ? w.add + r * w.add_row + x : nullptr);
    }
    finish_row<O>(w, r, s.out.width);
  }
}

template <Order O>
void run_in_order(const Step& s, const Window& w, int height) {
  const bool plain = s.dilation_y == 1 && s.dilation_x == 1 && s.kernel_h == s.kernel_w &&
                     s.stride_y == s.stride_x;
  const int width = s.out.width;
  if (plain && s.kernel_h == 3 && s.stride_x == 1) return run_rows<O, 3, 1>(w, height, width);
  if (plain && s.kernel_h == 3 && s.stride_x == 2) return run_rows<O, 3, 2>(w, height, width);
  if (plain && s.kernel_h == 5 && s.stride_x == 1) return run_rows<O, 5, 1>(w, height, width);
  run_any<O>(s, w, height);
}

class Depthwise final : public Op {
 public:
  Depthwise(const Step& step, const Following& following)
      : s_(step), then_(following), rows_(step, following) {}

  Halo input_halo() const override { return halo_of(s_); }
  bool shares() const override { return true; }
  long scratch() const override {
    return then_.max_pool ? static_cast<long>(then_.pool_h) * s_.out.width : 0;
  }

  long packed_bytes() const override { return rows_.packed_bytes(); }
  void prepare(const float* parameters, const float* state) override {
    rows_.prepare(parameters, state);
  }

  void forward(Pass& pass) const override {
    const int rows = then_.max_pool ? then_.pooled.height : s_.out.height;
    const int blocks = stored(s_.out).channels;
    const bool by_blocks = blocks % pass.share.parts == 0;
    const Share block_share = by_blocks ? pass.share : Share{};
    const Share row_share = by_blocks ? Share{} : pass.share;
    const int first = row_share.begin(rows), end = row_share.end(rows);
    for (int b = block_share.begin(blocks); b < block_share.end(blocks); b++) {
      vec* to = pass.value(out) + out.value_layout.at(b, first, 0);
      if (!then_.max_pool) {
        const vec* add = nullptr;
        if (then_.add) add = pass.value(other) + other.value_layout.at(b, first, 0);
        rows_.run(pass, in, b, first, end - first, {to, out.value_layout.row}, add,
                  other.value_layout.row);
        continue;
      }
      for (int y = first; y < end; y++, to += out.value_layout.row) {
        rows_.run(pass, in, b, y * then_.pool_h, then_.pool_h, {pass.scratch, s_.out.width});
        pool_row(pass.scratch, then_, s_.out.width, to);
      }
    }
  }
  void backward(Pass&) const override {}

 private:
  const Step s_;
  const Following then_;
  DepthwiseRows rows_;
};

} // namespace

void DepthwiseRows::prepare(const float* parameters, const float* state) {
  folded_.update(parameters, state, [&](const float* weights, const double* scales) {
    const long elements = static_cast<long>(s_.kernel_h) * s_.kernel_w;
    packed_.assign(elements * stored(s_.out).channels, vec{});
    for (int c = 0; c < s_.out.channels; c++)
      for (long k = 0; k < elements; k++)
        packed_[c / kLanes * elements + k][c % kLanes] =
            static_cast<float>(weights[c * elements + k] * scales[c]);
  });
}

void DepthwiseRows::run(const Pass& pass, const Slot& in, int b, int y, int height, const Place& to,
                        const vec* add, long add_row) const {
  Window w{};
  w.in = pass.value(in) + in.value_layout.at(b, y * s_.stride_y - s_.padding.top, -s_.padding.left);
  w.in_row = in.value_layout.row;
  w.weights = packed_.data() + static_cast<long>(b) * s_.kernel_h * s_.kernel_w;
  w.bias = folded_.bias() + b;
  w.out = to.out;
  w.out_row = to.row;
  w.odd = to.odd;
  w.add = add;
  w.add_row = add_row;
  w.then = &then_;
  if constexpr (!kSmallCode) { // it has nobody who asks for these
    if (to.order == Order::rows) return run_in_order<Order::rows>(s_, w, height);
    if (to.order == Order::columns) return run_in_order<Order::columns>(s_, w, height);
  }
  run_in_order<Order::plain>(s_, w, height);
}

const char* declines_depthwise(const Step& s) {
  const bool depthwise = s.connections.empty() && s.groups > 1 && s.groups == s.in.channels &&
                         s.groups == s.out.channels;
  return depthwise ? nullptr : "a channel does not read itself alone";
}

OpPointer make_depthwise(const Step& step, const Following& following) {
  return std::make_unique<Depthwise>(step, following);
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
