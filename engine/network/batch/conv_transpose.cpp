// Definition: conv_transpose.
// Test: tests/engine/network/test_forward.py.
//
// Transposed convolution: each input element is multiplied by the kernel and added to the output at
// stride times its position. Rows of one tap are walked at a time: element (ky, kx) of a kernel
// links input pixel (y, x) with output pixel (y * stride + ky * dilation - padding, likewise x),
// and the same walk serves the output, the data gradient and the weight gradient.
#include "network/ops.h"
#include "network/rows.h"
#include "network/sums.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

class ConvTranspose final : public Op {
 public:
  explicit ConvTranspose(const Step& step) : s_(step) {}

  void forward(Pass& pass) const override {
    const Layout& to = out.value_layout;
    for (int c = 0; c < s_.out.channels; c++) {
      const vec bias = broadcast(s_.bias < 0 ? 0.0f : pass.parameters[s_.bias + c]);
      for (int y = 0; y < s_.out.height; y++) {
        vec* row = pass.value(out) + to.at(c, y, 0);
        std::fill(row, row + s_.out.width, bias);
      }
    }
    each_tap([&](int i, int o, long weight, const Rows& rows, const Columns& columns) {
      const vec w = broadcast(pass.parameters[weight]);
      for (int y = rows.begin; y < rows.end; y++) {
        const vec* x = pass.value(in) + in.value_layout.at(i, y, 0);
        vec* result = pass.value(out) + to.at(o, rows.output(y), 0);
        for (int k = columns.begin; k < columns.end; k++) result[columns.output(k)] += x[k] * w;
      }
    });
  }

  void backward(Pass& pass) const override {
    const Layout &xs = in.value_layout, &gs = out.gradient_layout;
    if (s_.bias >= 0)
      for (int c = 0; c < s_.out.channels; c++) {
        CompensatedSum total[1]{};
        for (int y = 0; y < s_.out.height; y++) {
          const vec* g = pass.gradient_of(out) + gs.at(c, y, 0);
          add_blocks(s_.out.width, total, [&](int k, vec* sums) { sums[0] += g[k]; });
        }
        pass.gradient[s_.bias + c] += sum(total[0].total());
      }
    const bool asked = in.gradient >= 0;
    if (asked) clear_interior(pass.gradient_of(in), in.gradient_layout);
    each_tap([&](int i, int o, long weight, const Rows& rows, const Columns& columns) {
      const vec w = broadcast(pass.parameters[weight]);
      BlockedSum total;
      for (int y = rows.begin; y < rows.end; y++) {
        const vec* x = pass.value(in) + xs.at(i, y, 0);
        const vec* g = pass.gradient_of(out) + gs.at(o, rows.output(y), 0);
        vec products{};
        for (int k = columns.begin; k < columns.end; k++) products += x[k] * g[columns.output(k)];
        total.add(products);
        if (!asked) continue;
        vec* result = pass.gradient_of(in) + in.gradient_layout.at(i, y, 0);
        for (int k = columns.begin; k < columns.end; k++) result[k] += g[columns.output(k)] * w;
      }
      pass.gradient[weight] += sum(total.total());
    });
  }

 private:
  // Input positions [begin, end) whose element of the kernel falls inside the output.
  struct Range {
    Range(int in, int out, int element, int stride, int dilation, int padding)
        : stride(stride), offset(element * dilation - padding) {
      begin = offset < 0 ? (-offset + stride - 1) / stride : 0;
      end = out > offset ? std::min(in, (out - offset + stride - 1) / stride) : 0;
    }
    int output(int position) const { return position * stride + offset; }
    int stride, offset, begin, end;
  };
  using Rows = Range;
  using Columns = Range;

  // Calls f(input channel, output channel, offset of the weight, rows, columns) for each weight.
  template <class F>
  void each_tap(F f) const {
    const int from = s_.in.channels / s_.groups, to = s_.out.channels / s_.groups;
    long weight = s_.weight;
    for (int i = 0; i < s_.in.channels; i++)
      for (int o = i / from * to; o < (i / from + 1) * to; o++)
        for (int ky = 0; ky < s_.kernel_h; ky++) {
          const Rows rows(s_.in.height, s_.out.height, ky, s_.stride_y, s_.dilation_y,
                          s_.padding.top);
          for (int kx = 0; kx < s_.kernel_w; kx++, weight++)
            f(i, o, weight, rows,
              Columns(s_.in.width, s_.out.width, kx, s_.stride_x, s_.dilation_x, s_.padding.left));
        }
  }

  const Step s_;
};

} // namespace

OpPointer make_conv_transpose(const Step& step) { return std::make_unique<ConvTranspose>(step); }

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
