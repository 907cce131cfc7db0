// Fast Fourier transforms, one to a lane: kWidth of them side by side, so that each is the
// textbook's scalar program with a register for a scalar, of any length 2^a 3^b 5^c, a > 0.
//
// Frequencies come out in the order that the passes leave them in (digits reversed), and go back in
// the same: a product of spectra does not care, and no pass is spent on sorting them.
#pragma once

#include <algorithm>
#include <vector>

#include "arrays/convert.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// A complex number in each lane.
template <class T>
struct Complex {
  Vec<T> re, im;
};
template <class T>
inline Complex<T> operator+(Complex<T> a, Complex<T> b) {
  return {a.re + b.re, a.im + b.im};
}
template <class T>
inline Complex<T> operator-(Complex<T> a, Complex<T> b) {
  return {a.re - b.re, a.im - b.im};
}
template <class T>
inline Complex<T> operator*(Complex<T> a, Complex<T> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class T>
inline Complex<T> times_conjugate(Complex<T> a, Complex<T> b) {
  return {a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im};
}

// exp(-2 pi i k / n) for k < n, by products of two short tables: n calls of cos take too long.
class Roots {
 public:
  explicit Roots(long n);
  struct Root {
    double re, im;
  };
  Root operator()(long k) const;

 private:
  long mask_, shift_;
  std::vector<Root> fine_, coarse_;
};

template <class T>
class Fft {
 public:
  explicit Fft(long n); // even, with no prime factor beyond 5
  long size() const { return n_; }
  // Which frequency ends up at a position.
  long frequency(long position) const;

  void forward(Complex<T>* x) const;
  // Without the division by n.
  void backward(Complex<T>* x) const;
  // forward, times spectrum, backward.
  void filter(Complex<T>* x, const Complex<T>* spectrum) const;

 private:
  struct Root {
    T re, im;
  };
  // Transforms of m elements become `radix` times as many of m / radix.
  struct Pass {
    long radix, m, roots; // where its roots begin: of w^j, w^2j, ... for each j < m / radix
  };
  template <bool Forward>
  void run(const Pass& pass, Complex<T>* x) const;
  template <int R, bool Forward>
  void run(long m, const Root* roots, Complex<T>* x) const;
  void run_forward(Complex<T>* x) const;
  void run_backward(Complex<T>* x) const;

  long n_, last_; // length of the transforms of the last forward pass: 4 or 2
  std::vector<Pass> passes_;
  std::vector<Root> roots_;
};

template <class T>
bool all_finite(const T* p, long n) { // the last register is read as a whole
  Vec<T> sum{};
  for (long i = 0; i < n; i += kWidth<T>) sum += load(p + i) * 0;
  bool finite = true;
  for (int i = 0; i < kWidth<T>; i++) finite &= sum[i] == 0;
  return finite;
}

// Threads that transforms of so many elements are worth: it takes some microseconds to wake one.
inline int worthwhile_threads(long elements, int threads) {
  constexpr double kThreadElements = 1 << 13;
  return static_cast<int>(std::clamp(static_cast<double>(elements) / kThreadElements, 1.0,
                                     static_cast<double>(threads)));
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
