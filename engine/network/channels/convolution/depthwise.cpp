// Definition: conv_layer.
// Test: tests/engine/network/channels/convolution/test_depthwise.py.
//
// Depthwise convolution, a channel a lane on both sides.
//
// Budget of a window of X columns of a 3 x 3 kernel of stride 1: 9 X multiply-adds for 3 (X + 2)
// loads, and 9 of weights. One output after the other would load once for each multiply-add. Rows
// are summed one after the other, as wide as there are registers: a window of several rows jumps
// between them, and of what lies in the second-level cache 32 bytes come a cycle then, in order 48.
#include "network/channels/convolution/depthwise.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

using Order = DepthwiseRows::Order;

// What the rows of a block have in common. What differs between them is passed by itself: a copy of
// a struct whose members have just been written waits for all that was to be written before.
struct Block {
  long in_row;
  const vec *weights, *bias;
  long odd; // DepthwiseRows::Place, where columns are apart
  Floors floors;
};

// X outputs of a K x K kernel, of which the first is of an even column; Apart: columns are.
template <bool Apart, int K, int Stride, int X>
void sum_window(const Block& block, const vec* in, vec* out, const vec* add) {
  vec sums[X] = {}; // biases last: to begin with them takes a register for each at once
  const vec* weights = block.weights;
  for (int i = 0; i < K; i++, in += block.in_row, weights += K) {
    vec weight[K];
#pragma GCC unroll 16
    for (int k = 0; k < K; k++) weight[k] = weights[k];
#pragma GCC unroll 64
    for (int column = 0; column < (X - 1) * Stride + K; column++) {
      vec value = in[column];
      keep(value);
#pragma GCC unroll 16
      for (int k = column % Stride; k < K; k += Stride)
        if (const int x = (column - k) / Stride; k <= column && x < X) sums[x] += weight[k] * value;
    }
  }
  const Block* end = &block; // what only the end needs is read there
  reread(end);
  const Floors floors = end->floors;
  const vec bias = *end->bias;
  vec* odd = Apart ? out + end->odd : out;
  const auto put = [&](auto with) {
#pragma GCC unroll 64
    for (int x = 0; x < X; x++) {
      vec& to = !Apart ? out[x] : x % 2 ? odd[x / 2] : out[x / 2];
      to = with ? floors(sums[x] + bias, add[x]) : floors(sums[x] + bias);
    }
  };
  add ? put(std::true_type{}) : put(std::false_type{});
}

template <bool Apart, int K, int Stride>
void sum_row(const Block& block, const vec* in, vec* out, const vec* add, int width) {
  auto sum = [&]<int X>(std::integral_constant<int, X>) {
    for (; width >= X; width -= X) {
      sum_window<Apart, K, Stride, X>(block, in, out, add);
      in += X * Stride;
      out += Apart ? X / 2 : X;
      if (add) add += X;
    }
  };
  if constexpr (kAccumulators >= 24) {
    sum(std::integral_constant<int, 24>{});
    sum(std::integral_constant<int, 12>{});
    sum(std::integral_constant<int, 6>{});
  } else {
    sum(std::integral_constant<int, 8>{});
    sum(std::integral_constant<int, 4>{});
  }
  sum(std::integral_constant<int, 2>{});
  sum(std::integral_constant<int, 1>{});
}
template <bool Apart>
void sum_any(const Step& s, const Block& block, const vec* in, vec* out, const vec* add) {
  for (int x = 0; x < s.out.width; x++, in += s.stride_x) {
    vec sum{};
    for (int i = 0; i < s.kernel_h; i++)
      for (int j = 0; j < s.kernel_w; j++)
        sum += block.weights[i * s.kernel_w + j] * in[i * block.in_row + j * s.dilation_x];
    vec& to = out[!Apart ? x : x % 2 ? block.odd + x / 2 : x / 2];
    to = add ? block.floors(sum + *block.bias, add[x]) : block.floors(sum + *block.bias);
  }
}
template <bool Apart>
void sum_row(const Step& s, const Block& block, const vec* in, vec* out, const vec* add) {
  const bool plain = s.dilation_y == 1 && s.dilation_x == 1 && s.kernel_h == s.kernel_w;
  const int k = plain ? s.kernel_h : 0, stride = s.stride_x, width = s.out.width;
  if (k == 3 && stride == 1) return sum_row<Apart, 3, 1>(block, in, out, add, width);
  if (k == 3 && stride == 2) return sum_row<Apart, 3, 2>(block, in, out, add, width);
  if (k == 5 && stride == 1) return sum_row<Apart, 5, 1>(block, in, out, add, width);
  sum_any<Apart>(s, block, in, out, add);
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
  const bool apart = to.order == Order::columns, by_rows = to.order == Order::rows;
  const Block block{s_.dilation_y * in.value_layout.row,
                    packed_.data() + static_cast<long>(b) * s_.kernel_h * s_.kernel_w,
                    folded_.bias() + b, to.odd, Floors(then_)};
  const vec* from =
      pass.value(in) + in.value_layout.at(b, y * s_.stride_y - s_.padding.top, -s_.padding.left);
  const int width = s_.out.width;
  for (int r = 0; r < height; r++, from += s_.stride_y * in.value_layout.row) {
    vec* out = to.out + (by_rows ? r / 2 * to.row + r % 2 * to.odd : r * to.row);
    if constexpr (!kSmallCode) // it has nobody who asks for these
      if (apart) {
        sum_row<true>(s_, block, from, out, add);
        then_.finish(out, (width + 1) / 2);
        then_.finish(out + to.odd, width / 2);
        continue;
      }
    sum_row<false>(s_, block, from, out, add);
    then_.finish(out, width);
    if (add) add += add_row;
  }
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
