// Pooling of planes; see pooling.h.
#include "pooling.h"

#include <algorithm>
#include <stdexcept>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

struct Span {
  long first, last;
};
Span span(long at, long stride, long padding, long kernel, long size) {
  const long first = at * stride - padding;
  return {std::max(first, 0L), std::min(first + kernel, size)};
}

template <class T>
bool exceeds(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a > b || (a != a && b == b);
  else
    return a > b;
}

template <class T>
T add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (__builtin_add_overflow(a, b, &a)) throw std::overflow_error("a sum does not fit int64");
    return a;
  } else {
    return a + b;
  }
}

template <class T>
void pool_plane(const Pooling& p, const T* source, T* out, int64_t* indices) {
  for (long y = 0; y < p.out_height; y++) {
    const Span rows = span(y, p.stride_y, p.top, p.kernel_height, p.height);
    for (long x = 0; x < p.out_width; x++) {
      const Span columns = span(x, p.stride_x, p.left, p.kernel_width, p.width);
      if (p.kind == PoolKind::max) {
        long best = rows.first * p.width + columns.first;
        for (long i = rows.first; i < rows.last; i++)
          for (long j = columns.first; j < columns.last; j++)
            if (exceeds(source[i * p.width + j], source[best])) best = i * p.width + j;
        *out++ = source[best];
        if (indices) *indices++ = best;
        continue;
      }
      T sum = 0;
      for (long i = rows.first; i < rows.last; i++)
        for (long j = columns.first; j < columns.last; j++) sum = add(sum, source[i * p.width + j]);
      if (p.kind == PoolKind::avg)
        sum /= static_cast<T>(p.kernel_height * p.kernel_width);
      else if (p.kind == PoolKind::avg_without_padding)
        sum /= static_cast<T>((rows.last - rows.first) * (columns.last - columns.first));
      *out++ = sum;
    }
  }
}

} // namespace

template <class T>
void pool(const Pooling& p, const T* source, T* out, int64_t* indices) {
  const long in = p.height * p.width, cells = p.out_height * p.out_width;
  for (long n = 0; n < p.planes; n++)
    pool_plane(p, source + n * in, out + n * cells, indices ? indices + n * cells : nullptr);
}

template void pool(const Pooling&, const float*, float*, int64_t*);
template void pool(const Pooling&, const double*, double*, int64_t*);
template void pool(const Pooling&, const int64_t*, int64_t*, int64_t*);
template void pool(const Pooling&, const uint8_t*, uint8_t*, int64_t*);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
