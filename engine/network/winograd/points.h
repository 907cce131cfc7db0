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
// 4 gradients of outputs under A.
template <class V>
inline void transform_delta(const V (&y)[4], V (&t)[6]) {
  const V a = y[0] + 0.5f * y[2], b = (0.5f * kRoot) * y[1] + (0.25f * kRoot) * y[3];
  const V c = y[0] + 2.0f * y[2], d = kRoot * y[1] + (2.0f * kRoot) * y[3];
  t[0] = y[0];
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + d;
  t[4] = c - d;
  t[5] = y[3];
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

// Gradients of a kernel's 6 transformed elements under G^T.
template <class V>
inline void transform_gradient(const V (&u)[6], V (&k)[3]) {
  const V a = u[1] + u[2], b = u[3] + u[4];
  k[0] = u[0] - (2.0f / 3) * a + (1.0f / 6) * b;
  k[1] = (kRoot / 3) * (u[2] - u[1]) + (kRoot / 6) * (u[3] - u[4]);
  k[2] = (1.0f / 3) * (b - a) + u[5];
}

} // namespace points
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
