// Radix 4: a pass halves its transforms twice, which is what 16 registers hold; factors of 5 and 3
// have passes of their own (R. C. Singleton, An Algorithm for Computing the Mixed Radix Fast
// Fourier Transform, 1969), the longest, so that the last is always one of 4 or 2. Forward
// decimates in frequency, backward in time, so that one undoes the other pass by pass (J. W.
// Cooley, J. W. Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series, 1965; W.
// M. Gentleman, G. Sande, Fast Fourier Transforms: for Fun and Profit, 1966).
#include "arrays/correlation/fft.h"

#include <cmath>
#include <numbers>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

template <class T>
inline Complex<T> times_minus_i(Complex<T> a) {
  return {a.im, -a.re};
}
template <class T>
inline Complex<T> times_i(Complex<T> a) {
  return {-a.im, a.re};
}

// Times -i forward, times i backward.
template <bool Forward, class T>
inline Complex<T> turned(Complex<T> a) {
  return Forward ? times_minus_i(a) : times_i(a);
}
template <class T>
inline Complex<T> operator*(double factor, Complex<T> a) {
  const Vec<T> f = broadcast(static_cast<T>(factor));
  return {f * a.re, f * a.im};
}

template <bool Forward, class T>
inline void butterfly(Complex<T>& a, Complex<T>& b, Complex<T>& c, Complex<T>& d) {
  const Complex<T> s = a + c, t = a - c, u = b + d, v = turned<Forward>(b - d);
  a = s + u;
  b = t + v;
  c = s - u;
  d = t - v;
}

template <int R, bool Forward, class T>
inline void transform(Complex<T> (&x)[R]) {
  if constexpr (R == 3) {
    const Complex<T> s = x[1] + x[2], t = x[0] - 0.5 * s;
    const Complex<T> u = turned<Forward>(0.86602540378443864676 * (x[1] - x[2])); // sin 60
    x[0] = x[0] + s;
    x[1] = t + u;
    x[2] = t - u;
  } else if constexpr (R == 4) {
    butterfly<Forward>(x[0], x[1], x[2], x[3]);
  } else {
    constexpr double c1 = 0.30901699437494742410, c2 = -0.80901699437494742410; // cos 72, 144
    constexpr double s1 = 0.95105651629515357212, s2 = 0.58778525229247312917;  // sin 72, 144
    const Complex<T> s = x[1] + x[4], t = x[2] + x[3], d = x[1] - x[4], e = x[2] - x[3];
    const Complex<T> p = x[0] + c1 * s + c2 * t, q = x[0] + c2 * s + c1 * t;
    const Complex<T> u = turned<Forward>(s1 * d + s2 * e), v = turned<Forward>(s2 * d - s1 * e);
    x[0] = x[0] + s + t;
    x[1] = p + u;
    x[2] = q + v;
    x[3] = q - v;
    x[4] = p - u;
  }
}

} // namespace

Roots::Roots(long n) : mask_(0), shift_(0) {
  while (1L << (2 * shift_) < n) shift_++;
  mask_ = (1L << shift_) - 1;
  auto root = [n](long k) {
    const double angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    return Root{std::cos(angle), std::sin(angle)};
  };
  for (long k = 0; k <= mask_; k++) fine_.push_back(root(k));
  for (long k = 0; k < n; k += mask_ + 1) coarse_.push_back(root(k));
}

auto Roots::operator()(long k) const -> Root {
  const Root a = fine_[k & mask_], b = coarse_[k >> shift_];
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

template <class T>
Fft<T>::Fft(long n) : n_(n), last_(4) {
  const Roots roots(n);
  long m = n;
  while (m > 4) {
    const long radix = m % 5 == 0 ? 5 : m % 3 == 0 ? 3 : 4;
    passes_.push_back({radix, m, static_cast<long>(roots_.size())});
    for (long j = 0; j < m / radix; j++)
      for (long k = 1; k < radix; k++) {
        const auto root = roots(k * j * (n / m));
        roots_.push_back({static_cast<T>(root.re), static_cast<T>(root.im)});
      }
    m /= radix;
  }
  last_ = m;
}

template <class T>
long Fft<T>::frequency(long position) const {
  long frequency = 0, digit = 1;
  for (const Pass& pass : passes_) {
    frequency += digit * (position % pass.m / (pass.m / pass.radix));
    digit *= pass.radix;
  }
  return frequency + digit * (position % last_);
}

template <class T>
template <int R, bool Forward>
void Fft<T>::run(long m, const Root* roots, Complex<T>* x) const {
  const long part = m / R;
  for (Complex<T>* end = x + n_; x < end; x += m) {
    for (long j = 0; j < part; j++) {
      const Root* const root = roots + (R - 1) * j;
      auto w = [root](int k) {
        return Complex<T>{broadcast(root[k - 1].re), broadcast(root[k - 1].im)};
      };
      Complex<T> v[R];
      for (int k = 0; k < R; k++) v[k] = x[j + k * part];
      if constexpr (!Forward)
        for (int k = 1; k < R; k++) v[k] = times_conjugate(v[k], w(k));
      transform<R, Forward>(v);
      x[j] = v[0];
      for (int k = 1; k < R; k++) x[j + k * part] = Forward ? v[k] * w(k) : v[k];
    }
  }
}

template <class T>
template <bool Forward>
void Fft<T>::run(const Pass& pass, Complex<T>* x) const {
  const Root* const roots = roots_.data() + pass.roots;
  switch (pass.radix) {
  case 3:
    return run<3, Forward>(pass.m, roots, x);
  case 5:
    return run<5, Forward>(pass.m, roots, x);
  default:
    return run<4, Forward>(pass.m, roots, x);
  }
}

template <class T>
void Fft<T>::run_forward(Complex<T>* x) const {
  for (const Pass& pass : passes_) run<true>(pass, x);
}
template <class T>
void Fft<T>::run_backward(Complex<T>* x) const {
  for (auto pass = passes_.rbegin(); pass != passes_.rend(); pass++) run<false>(*pass, x);
}

template <class T>
void Fft<T>::forward(Complex<T>* x) const {
  run_forward(x);
  if (last_ == 4) {
    for (long i = 0; i < n_; i += 4) butterfly<true>(x[i], x[i + 1], x[i + 2], x[i + 3]);
  } else {
    for (long i = 0; i < n_; i += 2) {
      const Complex<T> a = x[i], b = x[i + 1];
      x[i] = a + b;
      x[i + 1] = a - b;
    }
  }
}

template <class T>
void Fft<T>::backward(Complex<T>* x) const {
  if (last_ == 4) {
    for (long i = 0; i < n_; i += 4) butterfly<false>(x[i], x[i + 1], x[i + 2], x[i + 3]);
  } else {
    for (long i = 0; i < n_; i += 2) {
      const Complex<T> a = x[i], b = x[i + 1];
      x[i] = a + b;
      x[i + 1] = a - b;
    }
  }
  run_backward(x);
}

// The passes in the middle are one: what they read is multiplied while it is in registers.
template <class T>
void Fft<T>::filter(Complex<T>* x, const Complex<T>* spectrum) const {
  run_forward(x);
  if (last_ == 4) {
    for (long i = 0; i < n_; i += 4) {
      Complex<T> a = x[i], b = x[i + 1], c = x[i + 2], d = x[i + 3];
      butterfly<true>(a, b, c, d);
      a = a * spectrum[i];
      b = b * spectrum[i + 1];
      c = c * spectrum[i + 2];
      d = d * spectrum[i + 3];
      butterfly<false>(a, b, c, d);
      x[i] = a;
      x[i + 1] = b;
      x[i + 2] = c;
      x[i + 3] = d;
    }
  } else {
    for (long i = 0; i < n_; i += 2) {
      const Complex<T> a = (x[i] + x[i + 1]) * spectrum[i];
      const Complex<T> b = (x[i] - x[i + 1]) * spectrum[i + 1];
      x[i] = a + b;
      x[i + 1] = a - b;
    }
  }
  run_backward(x);
}

template class Fft<float>;
template class Fft<double>;

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
