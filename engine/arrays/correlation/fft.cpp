// Radix 4: a pass halves its transforms twice, which is what 16 registers hold. Forward decimates
// in frequency, backward in time, so that one undoes the other pass by pass (J. W. Cooley, J. W.
// Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series, 1965; W. M. Gentleman,
// G. Sande, Fast Fourier Transforms: for Fun and Profit, 1966).
#include "arrays/correlation/fft.h"

#include <cmath>

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

template <bool Forward, class T>
inline void butterfly(Complex<T>& a, Complex<T>& b, Complex<T>& c, Complex<T>& d) {
  const Complex<T> s = a + c, t = a - c, u = b + d;
  const Complex<T> v = Forward ? times_minus_i(b - d) : times_i(b - d);
  a = s + u;
  b = t + v;
  c = s - u;
  d = t - v;
}

} // namespace

Roots::Roots(long n) : mask_(0), shift_(0) {
  while (1L << (2 * shift_) < n) shift_++;
  mask_ = (1L << shift_) - 1;
  auto root = [n](long k) {
    const double angle = -2 * M_PI * static_cast<double>(k) / static_cast<double>(n);
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
  for (; m > 4; m /= 4) {
    for (long j = 0; j < m / 4; j++) {
      Twiddle twiddle;
      for (int k = 0; k < 3; k++) {
        const auto root = roots((k + 1) * j * (n / m));
        twiddle.re[k] = static_cast<T>(root.re);
        twiddle.im[k] = static_cast<T>(root.im);
      }
      twiddles_.push_back(twiddle);
    }
  }
  last_ = m;
}

template <class T>
long Fft<T>::frequency(long position) const {
  long frequency = 0, digit = 1, m = n_;
  for (; m >= 4; m /= 4, digit *= 4) frequency += digit * (position % m / (m / 4));
  return m == 2 ? frequency + digit * (position % 2) : frequency;
}

template <class T>
template <bool Forward>
void Fft<T>::pass(Complex<T>* x, long m, const Twiddle* twiddles) const {
  const long quarter = m / 4;
  for (Complex<T>* end = x + n_; x < end; x += m) {
    for (long j = 0; j < quarter; j++) {
      const Twiddle& twiddle = twiddles[j];
      auto w = [&twiddle](int k) {
        return Complex<T>{broadcast(twiddle.re[k]), broadcast(twiddle.im[k])};
      };
      Complex<T> a = x[j], b = x[j + quarter], c = x[j + 2 * quarter], d = x[j + 3 * quarter];
      if constexpr (!Forward) {
        b = times_conjugate(b, w(0));
        c = times_conjugate(c, w(1));
        d = times_conjugate(d, w(2));
      }
      butterfly<Forward>(a, b, c, d);
      x[j] = a;
      if constexpr (Forward) {
        x[j + quarter] = b * w(0);
        x[j + 2 * quarter] = c * w(1);
        x[j + 3 * quarter] = d * w(2);
      } else {
        x[j + quarter] = b;
        x[j + 2 * quarter] = c;
        x[j + 3 * quarter] = d;
      }
    }
  }
}

template <class T>
void Fft<T>::forward(Complex<T>* x) const {
  const Twiddle* twiddles = twiddles_.data();
  for (long m = n_; m > 4; twiddles += m / 4, m /= 4) pass<true>(x, m, twiddles);
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
  const Twiddle* twiddles = twiddles_.data() + twiddles_.size();
  for (long m = 4 * last_; m <= n_; m *= 4) pass<false>(x, m, twiddles -= m / 4);
}

// The passes in the middle are one: what they read is multiplied while it is in registers.
template <class T>
void Fft<T>::filter(Complex<T>* x, const Complex<T>* spectrum) const {
  const Twiddle* twiddles = twiddles_.data();
  for (long m = n_; m > 4; twiddles += m / 4, m /= 4) pass<true>(x, m, twiddles);
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
  for (long m = 4 * last_; m <= n_; m *= 4) pass<false>(x, m, twiddles -= m / 4);
}

template class Fft<float>;
template class Fft<double>;

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
