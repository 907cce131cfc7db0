// See links.h.
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

Axis axis(int kernel, int stride, int dilation, int before, int pixels, int size) {
  std::vector<int> reads;
  for (int k = 0; k < kernel; k++) reads.push_back(k * dilation - before);
  return Axis(std::move(reads), stride, pixels, size);
}

} // namespace

std::vector<std::vector<Link>> links_of(const Step& s) {
  const int in_group = s.in.channels / s.groups, out_group = s.out.channels / s.groups;
  std::vector<std::vector<Link>> links(s.out.channels);
  long next = s.weight;
  for (int o = 0; o < s.out.channels; o++)
    for (int i = 0; i < s.in.channels; i++) {
      const bool linked = s.connections.empty()
                              ? i / in_group == o / out_group
                              : s.connections[static_cast<size_t>(o) * s.in.channels + i];
      if (!linked) continue;
      links[o].push_back({i, next});
      next += static_cast<long>(s.kernel_h) * s.kernel_w;
    }
  return links;
}

Halo halo_of(const Step& s) {
  auto after = [](int out, int stride, int kernel, int dilation, int before, int in) {
    return std::max(0, (out - 1) * stride + (kernel - 1) * dilation - before - (in - 1));
  };
  return {s.padding.top,
          after(s.out.height, s.stride_y, s.kernel_h, s.dilation_y, s.padding.top, s.in.height),
          s.padding.left,
          after(s.out.width, s.stride_x, s.kernel_w, s.dilation_x, s.padding.left, s.in.width)};
}

Axis row_axis(const Step& s) {
  return axis(s.kernel_h, s.stride_y, s.dilation_y, s.padding.top, s.out.height, s.in.height);
}
Axis column_axis(const Step& s) {
  return axis(s.kernel_w, s.stride_x, s.dilation_x, s.padding.left, s.out.width, s.in.width);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
