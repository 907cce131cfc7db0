// ReLU and max pooling fused behind a convolution, and their gradients; see fused.h.
#include "network/batch/fused.h"

#include "network/rows.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

FusedConvolution::Delta FusedConvolution::delta(const Pass& pass) const {
  return {&delta_layout(), fused_.max_pool ? pass.memory + brief_at : pass.gradient_of(out)};
}

void FusedConvolution::unpool(Pass& pass) const {
  vec* delta = pass.memory + brief_at;
  const Shape pooled = fused_.pooled;
  const int ph = fused_.pool_h, pw = fused_.pool_w;
  vec* gradient = pass.gradient_of(out);
  if (!kSmallCode &&
      brief_is_shared) { // zeros around the windows, where pooling leaves something out as well
    Layout windows = delta_;
    windows.shape.height = ph * pooled.height, windows.shape.width = pw * pooled.width;
    windows.halo.bottom += delta_.shape.height - windows.shape.height;
    windows.halo.right += delta_.shape.width - windows.shape.width;
    clear_halo(delta, windows, pass.share);
  }
  for (int c = pass.share.begin(pooled.channels); c < pass.share.end(pooled.channels); c++)
    for (int y = 0; y < pooled.height; y++) {
      const vec16* argmax = argmax_row(pass, c, y);
      vec* g = gradient + out.gradient_layout.at(c, y, 0);
      vec* element = delta + delta_.at(c, y * ph, 0);
      for (int x = 0; x < pooled.width; x++, element += pw) {
        ivec index = __builtin_convertvector(argmax[x], ivec);
        for (int j = 0; j < ph; j++)
          for (int i = 0; i < pw; i++)
            element[j * delta_.row + i] = index == j * pw + i ? g[x] : vec{};
        if (fused_.relu) g[x] = index == ArgMax::kClosed ? vec{} : g[x];
      }
    }
}

void FusedConvolution::mask(Pass& pass) const {
  const int channels = out.shape.channels;
  for (int c = pass.share.begin(channels); c < pass.share.end(channels); c++)
    for (int y = 0; y < out.shape.height; y++) {
      const vec* value = pass.value(out) + out.value_layout.at(c, y, 0);
      vec* g = pass.gradient_of(out) + out.gradient_layout.at(c, y, 0);
      for (int x = 0; x < out.shape.width; x++) g[x] = value[x] > 0.0f ? g[x] : vec{};
    }
}

void FusedConvolution::bias_gradient(Pass& pass) const {
  if (s_.bias < 0) return;
  const Shape shape = out.shape; // pooled, when pooling is fused: the rest is zero
  for (int c = pass.share.begin(shape.channels); c < pass.share.end(shape.channels); c++) {
    vec total{};
    for (int y = 0; y < shape.height; y++) {
      const vec* g = pass.gradient_of(out) + out.gradient_layout.at(c, y, 0);
      for (int x = 0; x < shape.width; x++) total += g[x];
    }
    pass.gradient[s_.bias + c] += sum(total);
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
