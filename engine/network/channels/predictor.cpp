// See predictor.h.
#include "network/channels/predictor.h"

#include "network/channels/ops.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

OpPointer make_op(const Step& step) {
  switch (step.kind) {
  case Kind::conv:
    return channels::make_convolution(step, {});
  case Kind::linear:
    return channels::make_linear(step, false);
  case Kind::rbf:
    return channels::make_rbf(step);
  case Kind::affine:
  case Kind::batch_norm:
    return make_scale(step);
  case Kind::concat:
    return channels::make_concat(step);
  case Kind::gate:
    return make_gate(step, true);
  case Kind::flatten:
    return channels::make_flatten(step);
  case Kind::max_pool:
  case Kind::avg_pool:
  case Kind::sum_pool:
    return make_pooling(step);
  default:
    return make_elementwise(step);
  }
}

const OpFactories kFactories{channels::make_convolution, channels::make_linear, make_op, stored};

// One row of pixels, as the network sees them, to floats `step` apart.
template <typename Pixel>
inline void normalise(const Pixel* from, int n, float mean, float scale, float* to, long step) {
  if (step > 1 || n < kLanes) {
    for (int x = 0; x < n; x++) to[x * step] = (static_cast<float>(from[x]) - mean) * scale;
    return;
  }
  const vec means = broadcast(mean), scales = broadcast(scale);
  int x = 0;
  for (; x + kLanes <= n; x += kLanes) store(to + x, (load(from + x) - means) * scales);
  x = n - kLanes; // the last ones overlap
  store(to + x, (load(from + x) - means) * scales);
}

} // namespace

Predictor::Predictor(Shape input, const std::vector<Step>& steps)
    : input_(input), output_(steps.back().out), program_(input, steps, {.factories = &kFactories}),
      memory_(program_.memory()), scratch_(program_.scratch()) {
  pass_.memory = memory_.get();
  pass_.scratch = scratch_.get();
}

template <typename Pixel>
void Predictor::fill(const Images& images, long index) {
  const Pixel* from = static_cast<const Pixel*>(images.data) + index * input_.size();
  const Slot& slot = program_.input();
  const long step = pitch(slot);
  for (int c = 0; c < input_.channels; c++) {
    const float mean = images.mean[c], scale = images.scale[c];
    for (int y = 0; y < input_.height; y++, from += input_.width) {
      float* to = floats(pass_, slot) + element_offset(slot, c, y, 0);
      normalise(from, input_.width, mean, scale, to, step);
    }
  }
}

void Predictor::run(const float* parameters, const float* state, const Images& images, float* out) {
  std::lock_guard lock(busy_);
  pass_.parameters = parameters;
  pass_.state = state;
  program_.pack(parameters);
  for (long i = 0; i < images.count; i++, out += output_.size()) {
    if (images.is_float)
      fill<float>(images, i);
    else
      fill<uint8_t>(images, i);
    for (const OpPointer& op : program_.ops()) op->forward(pass_);
    copy_flat(pass_, program_.output(), output_, out);
  }
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
