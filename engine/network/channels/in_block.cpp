// Definition: conv_transpose, group_norm, layer_norm, softmax.
// Test: tests/engine/network/channels/test_predictor.py.
//
// For one image with channels in the lanes, what mixes channels or places elements elsewhere is
// done by the operation over lanes of images: the image is spread into the first lane of such a
// block, passes there, and is gathered again. Such layers are few in a network and cost little
// beside its convolutions.
#include "network/channels/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

class InBlock final : public Op {
 public:
  InBlock(const Step& step, OpPointer op)
      : op_(std::move(op)), input_(step.in, op_->input_halo()), output_(step.out, {}) {
    op_->in.shape = step.in;
    op_->in.value_layout = input_;
    op_->in.value = 0;
    op_->out.shape = step.out;
    op_->out.value_layout = output_;
    op_->out.value = input_.size();
  }

  long scratch() const override { return input_.size() + output_.size(); }
  void pack(const float* parameters, const Share& share) override { op_->pack(parameters, share); }
  long packed_bytes() const override { return op_->packed_bytes(); }

  void forward(Pass& pass) const override {
    Pass inner = pass;
    inner.memory = pass.scratch;
    each(input_, [&](int c, int y, int x, long at) {
      inner.memory[at] = broadcast(floats(pass, in)[element_offset(in, c, y, x)]);
    });
    op_->forward(inner);
    each(output_, [&](int c, int y, int x, long at) {
      floats(pass, out)[element_offset(out, c, y, x)] = inner.memory[input_.size() + at][0];
    });
  }
  void backward(Pass&) const override {}

 private:
  template <class F>
  static void each(const Layout& layout, F f) {
    for (int c = 0; c < layout.shape.channels; c++)
      for (int y = 0; y < layout.shape.height; y++)
        for (int x = 0; x < layout.shape.width; x++) f(c, y, x, layout.at(c, y, x));
  }

  const OpPointer op_;
  const Layout input_, output_;
};

} // namespace

OpPointer make_in_block(const Step& step, OpPointer op) {
  return std::make_unique<InBlock>(step, std::move(op));
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
