// One-dimensional transforms of Winograd's F(4, 3) over the points 0, +-1/sqrt 2, +-sqrt 2 and
// infinity, whose products stay smaller than those of the usual 0, +-1, +-2: its matrices hold no
// 4, 5 or 8. B. Barabasz, A. Anderson, K. M. Soodhalter and D. Gregg, Error analysis and improving
// the accuracy of Winograd convolution, 2020.
#pragma once

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace points {

inline constexpr float kRoot = 1.41421356f;

// 6 values under B^T.
template <class V>
inline void transform_input(const V (&d)[6], V (&t)[6]) {
  const V e = d[4] - 2.0f * d[2], f = (0.5f * kRoot) * d[3] - kRoot * d[1];
  const V g = d[4] - 0.5f * d[2], h = kRoot * d[3] - (0.5f * kRoot) * d[1];
  t[0] = d[0] - 2.5f * d[2] + d[4];
  t[1] = e + f;
  t[2] = e - f;
  t[3] = g + h;
  t[4] = g - h;
  t[5] = d[1] - 2.5f * d[3] + d[5];
}
// 6 products under A^T.
template <class V>
inline void transform_output(const V (&m)[6], V (&y)[4]) {
  const V a = m[1] + m[2], b = m[3] + m[4], c = m[1] - m[2], d = m[3] - m[4];
  y[0] = m[0] + a + b;
  y[1] = (0.5f * kRoot) * c + kRoot * d;
  y[2] = 0.5f * a + 2.0f * b;
  y[3] = (0.25f * kRoot) * c + (2.0f * kRoot) * d + m[5];
}
// A kernel's 3 elements under G.
template <class V>
inline void transform_kernel(V a, V b, V c, V (&t)[6]) {
  const V outer = (-1.0f / 3) * (a + a + c), middle = (kRoot / 3) * b;
  const V inner = (1.0f / 6) * (a + c + c), half = (kRoot / 6) * b;
  t[0] = a;
  t[1] = outer - middle;
  t[2] = outer + middle;
  t[3] = inner + half;
  t[4] = inner - half;
  t[5] = c;
}

} // namespace points
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
