// Definition: correlation_at.
// Test: tests/engine/arrays/correlation/test_whole.py.
//
// Correlation by one transform of a whole array. Real elements n and n + M along the first axis are
// the real and imaginary part of one: what products of such polynomials are modulo z^M - i, those
// of real ones are modulo z^2M + 1 (H. J. Nussbaumer, Fast Fourier Transform and Convolution
// Algorithms, 1982, section 7.2). That differs from a cyclic convolution in the sign of what has
// gone round, which counts for nothing here, and no pass is spent on untangling a spectrum.
//
// The first axis is transformed with kWidth neighbours along the last in a register, and
// transposed, so that a register holds kWidth of its frequencies. All that these take part in lies
// side by side then, and is finished at once: forward along the other axes, times the kernel, and
// back. A single axis is rows below each other, as a line of spectral.cpp is.
#include "arrays/correlation/whole.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "arrays/correlation/fft.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr long kThreadElements = 1 << 14; // that are worth a thread
constexpr long kStretch = 64;             // elements of a row that are read at a time

// How many elements there are along each axis; all else is zero, or not asked for.
struct Extent {
  long first, last;
  std::vector<long> between;

  Extent(const std::vector<WholeAxis>& axes, long line, long WholeAxis::* size)
      : first(axes[0].*size), last(axes.back().*size) {
    if (line) first = (first + line - 1) / line, last = line;
    for (size_t i = 1; i + 1 < axes.size(); i++) between.push_back(axes[i].*size);
  }
};

template <class T>
class WholeTransform {
 public:
  WholeTransform(const std::vector<WholeAxis>& axes, long line, int threads);

  // read(first, row, last, n, to) gives n elements; rows of the axes between are counted as
  // `extent` has them.
  template <class Read>
  void forward(const Extent& extent, const Read& read);
  // The spectrum of the kernel that was transformed forward last.
  void keep_kernel(const Extent& extent);
  void filter(const Extent& extent, const Extent& outputs);
  // write(first, row, last, n, from).
  template <class Write>
  void inverse(const Extent& outputs, const Write& write);

  long columns() const { return columns_; }

 private:
  static constexpr int W = kWidth<T>;
  long blocks() const { return (half_ + W - 1) / W; }
  Complex<T>* row_of(long block, long row) const {
    return spectrum_.get() + (block * rows_ + row) * pitch_;
  }
  static constexpr long kPitch = kStretch + W;
  template <class F>
  void for_each(long count, const F& f) const;
  template <class F>
  void for_each_stretch(const Extent& extent, const F& f) const;
  std::vector<long> rows_within(const std::vector<long>& limits) const;
  template <class F>
  void columns_along(size_t axis, const std::vector<long>& limits, const F& f) const;
  // A column of `n` elements, `step` rows apart, and zeros up to the length of the axis.
  void gather(size_t axis, const Complex<T>* at, long step, long n, Complex<T>* to) const {
    for (long i = 0; i < n; i++) to[i] = at[i * step * pitch_];
    std::fill(to + n, to + between_[axis], Complex<T>{});
  }
  template <bool Forward>
  void twiddle(Complex<T>* row, long block) const;
  void forward_rest(long block, const Extent& extent, Complex<T>* scratch) const;

  int threads_;
  long half_, columns_, rows_ = 1, pitch_; // of the first axis, of the last, of those between
  std::vector<long> between_;
  Fft<T> first_fft_, last_fft_;
  std::vector<Fft<T>> between_ffts_;
  std::vector<Complex<T>> twists_;       // along the first axis: i ^ (n / M)
  Buffer<Complex<T>> twiddles_;          // of a line
  Buffer<Complex<T>> spectrum_, kernel_; // the kernel's with the first axis between as the last
};

template <class T>
WholeTransform<T>::WholeTransform(const std::vector<WholeAxis>& axes, long line, int threads)
    : threads_(threads), half_(axes[0].transform / 2 / (line ? line : 1)),
      columns_(line ? line : axes.back().transform), first_fft_(half_), last_fft_(columns_) {
  long elements = half_ * columns_;
  for (size_t i = 1; i + 1 < axes.size(); i++) {
    between_.push_back(axes[i].transform);
    between_ffts_.emplace_back(axes[i].transform);
    rows_ *= axes[i].transform;
  }
  elements *= rows_;
  threads_ = static_cast<int>(std::clamp<long>(elements / kThreadElements, 1, threads));
  pitch_ = columns_ | 1; // rows begin in different cache sets
  spectrum_ = Buffer<Complex<T>>(blocks() * rows_ * pitch_);
  kernel_ = Buffer<Complex<T>>(blocks() * rows_ * columns_);
  const Roots quarters(4 * half_);
  for (long z = 0; z < half_; z++) {
    const auto root = quarters(z);
    twists_.push_back({broadcast(static_cast<T>(root.re)), broadcast(static_cast<T>(-root.im))});
  }
  if (!line) return;
  twiddles_ = Buffer<Complex<T>>(blocks() * columns_);
  const long turn = 4 * half_ * columns_;
  const Roots roots(turn);
  for_each(blocks(), [&](long block, Complex<T>*) {
    Complex<T>* const row = twiddles_.get() + block * columns_;
    for (int i = 0; i < W; i++) {
      const long position = block * W + i;
      const long step = position < half_ ? 4 * first_fft_.frequency(position) - 1 : 0;
      for (long x = 0; x < columns_; x++) {
        const auto root = roots((x * step + turn) % turn);
        row[x].re[i] = static_cast<T>(root.re);
        row[x].im[i] = static_cast<T>(root.im);
      }
    }
  });
}

// f(i, scratch), on all threads.
template <class T>
template <class F>
void WholeTransform<T>::for_each(long count, const F& f) const {
  std::atomic<long> next{0};
  run_threads(threads_, [&](int) {
    long longest = std::max(half_ + W, columns_);
    for (long size : between_) longest = std::max(longest, size);
    Buffer<Complex<T>> scratch(longest);
    for (long i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) f(i, scratch.get());
  });
}

// The rows of a plane of the axes between whose coordinates are all within the limits.
template <class T>
std::vector<long> WholeTransform<T>::rows_within(const std::vector<long>& limits) const {
  std::vector<long> rows;
  for (long row = 0; row < rows_; row++) {
    bool within = true;
    long rest = row;
    for (size_t i = between_.size(); i-- > 0; rest /= between_[i])
      within &= rest % between_[i] < limits[i];
    if (within) rows.push_back(row);
  }
  return rows;
}

// f(row, as it is counted within the limits; row; first element; elements; room for them along all
// of the first axis; scratch) of each stretch of the rows, on all threads.
template <class T>
template <class F>
void WholeTransform<T>::for_each_stretch(const Extent& extent, const F& f) const {
  const std::vector<long> rows = rows_within(extent.between);
  const long stretches = (extent.last + kStretch - 1) / kStretch;
  for_each(static_cast<long>(rows.size()) * stretches, [&](long unit, Complex<T>* scratch) {
    const long row = unit / stretches, left = unit % stretches * kStretch;
    Buffer<T> elements(2 * half_ * kPitch);
    f(row, rows[row], left, std::min(kStretch, extent.last - left), elements.get(), scratch);
  });
}

// f(first row, rows from one element to the next) of each column along an axis between, the axes
// before it within limits.
template <class T>
template <class F>
void WholeTransform<T>::columns_along(size_t axis, const std::vector<long>& limits,
                                      const F& f) const {
  std::vector<long> within = between_;
  std::copy_n(limits.begin(), axis, within.begin());
  within[axis] = 1;
  long step = 1;
  for (size_t i = axis + 1; i < between_.size(); i++) step *= between_[i];
  for (long row : rows_within(within)) f(row, step);
}

template <class T>
template <class Read>
void WholeTransform<T>::forward(const Extent& extent, const Read& read) {
  for_each_stretch(
      extent, [&](long index, long row, long left, long n, T* elements, Complex<T>* scratch) {
        for (long z = 0; z < 2 * half_; z++) {
          T* const to = elements + z * kPitch;
          const bool is_there = z < extent.first;
          if (is_there) read(z, index, left, n, to);
          std::fill(to + (is_there ? n : 0), to + kPitch, T(0));
        }
        std::fill_n(scratch + half_, W, Complex<T>{});
        for (long x = 0; x < n; x += W) {
          for (long z = 0; z < half_; z++) {
            const T* const from = elements + z * kPitch + x;
            scratch[z] = Complex<T>{load(from), load(from + half_ * kPitch)} * twists_[z];
          }
          first_fft_.forward(scratch);
          const int count = static_cast<int>(std::min<long>(W, columns_ - left - x));
          for (long block = 0; block < blocks(); block++) {
            Vec<T> re[W], im[W];
            for (int i = 0; i < W; i++) re[i] = scratch[block * W + i].re;
            transpose_from<W, 1>(re);
            for (int i = 0; i < W; i++) im[i] = scratch[block * W + i].im;
            transpose_from<W, 1>(im);
            Complex<T>* const to = row_of(block, row) + left + x;
            for (int i = 0; i < count; i++) to[i] = {re[i], im[i]};
          }
        }
      });
}

template <class T>
template <bool Forward>
void WholeTransform<T>::twiddle(Complex<T>* row, long block) const {
  const Complex<T>* const by = twiddles_.get() + block * columns_;
  for (long x = 0; x < columns_; x++)
    row[x] = Forward ? row[x] * by[x] : times_conjugate(row[x], by[x]);
}

// Along all axes but the first, and the second, if there are more than two.
template <class T>
void WholeTransform<T>::forward_rest(long block, const Extent& extent, Complex<T>* scratch) const {
  for (long row : rows_within(extent.between)) {
    Complex<T>* const at = row_of(block, row);
    std::fill(at + extent.last, at + columns_, Complex<T>{});
    if (twiddles_.get()) twiddle<true>(at, block);
    if (!between_.empty()) last_fft_.forward(at);
  }
  for (size_t axis = between_.size(); axis-- > 1;)
    columns_along(axis, extent.between, [&](long row, long step) {
      for (long x = 0; x < columns_; x++) {
        Complex<T>* const at = row_of(block, row) + x;
        gather(axis, at, step, extent.between[axis], scratch);
        between_ffts_[axis].forward(scratch);
        for (long i = 0; i < between_[axis]; i++) at[i * step * pitch_] = scratch[i];
      }
    });
}

template <class T>
void WholeTransform<T>::keep_kernel(const Extent& extent) {
  // Scaling here, not after, keeps far from overflow; the conjugate makes it a correlation.
  const T scale = T(1) / static_cast<T>(half_ * rows_ * columns_);
  auto keep = [scale](const Complex<T>* from, long n, Complex<T>* to) {
    for (long i = 0; i < n; i++) to[i] = {from[i].re * scale, -from[i].im * scale};
  };
  for_each(blocks(), [&](long block, Complex<T>* scratch) {
    forward_rest(block, extent, scratch);
    Complex<T>* to = kernel_.get() + block * rows_ * columns_;
    if (between_.empty()) {
      last_fft_.forward(row_of(block, 0));
      return keep(row_of(block, 0), columns_, to);
    }
    columns_along(0, extent.between, [&](long row, long step) {
      for (long x = 0; x < columns_; x++, to += between_[0]) {
        gather(0, row_of(block, row) + x, step, extent.between[0], scratch);
        between_ffts_[0].forward(scratch);
        keep(scratch, between_[0], to);
      }
    });
  });
}

template <class T>
void WholeTransform<T>::filter(const Extent& extent, const Extent& outputs) {
  for_each(blocks(), [&](long block, Complex<T>* scratch) {
    forward_rest(block, extent, scratch);
    const Complex<T>* kernel = kernel_.get() + block * rows_ * columns_;
    if (between_.empty()) {
      last_fft_.filter(row_of(block, 0), kernel);
      if (twiddles_.get()) twiddle<false>(row_of(block, 0), block);
      return;
    }
    for (size_t axis = 0; axis < between_.size(); axis++)
      columns_along(axis, outputs.between, [&](long row, long step) {
        const long there = axis ? between_[axis] : extent.between[0];
        for (long x = 0; x < columns_; x++) {
          Complex<T>* const at = row_of(block, row) + x;
          gather(axis, at, step, there, scratch);
          if (axis) {
            between_ffts_[axis].backward(scratch);
          } else {
            between_ffts_[0].filter(scratch, kernel);
            kernel += between_[0];
          }
          for (long i = 0; i < outputs.between[axis]; i++) at[i * step * pitch_] = scratch[i];
        }
      });
    for (long row : rows_within(outputs.between)) last_fft_.backward(row_of(block, row));
  });
}

template <class T>
template <class Write>
void WholeTransform<T>::inverse(const Extent& outputs, const Write& write) {
  for_each_stretch(outputs,
                   [&](long index, long row, long left, long n, T* elements, Complex<T>* scratch) {
                     for (long x = 0; x < n; x += W) {
                       const int count = static_cast<int>(std::min<long>(W, columns_ - left - x));
                       for (long block = 0; block < blocks(); block++) {
                         const Complex<T>* const from = row_of(block, row) + left + x;
                         Vec<T> re[W]{}, im[W]{};
                         for (int i = 0; i < count; i++) re[i] = from[i].re;
                         transpose_from<W, 1>(re);
                         for (int i = 0; i < count; i++) im[i] = from[i].im;
                         transpose_from<W, 1>(im);
                         for (int i = 0; i < W; i++) scratch[block * W + i] = {re[i], im[i]};
                       }
                       first_fft_.backward(scratch);
                       for (long z = 0; z < half_; z++) {
                         const Complex<T> both = times_conjugate(scratch[z], twists_[z]);
                         T* const to = elements + z * kPitch + x;
                         store(to, both.re);
                         store(to + half_ * kPitch, both.im);
                       }
                     }
                     for (long z = 0; z < std::min(2 * half_, outputs.first); z++)
                       write(z, index, left, n, elements + z * kPitch);
                   });
}

} // namespace

bool is_whole_length(long n, bool first) {
  if (n < 2 || n > kLongestWhole || n % (first ? 4 : 2)) return false;
  for (long factor : {2, 3, 5})
    while (n % factor == 0) n /= factor;
  return n == 1;
}

template <class T>
bool correlate_whole(const Correlation& c, const T* kernel, const std::vector<WholeAxis>& axes,
                     long line, T fill, T offset) {
  const Extent extended(axes, line, &WholeAxis::extended), outputs(axes, line, &WholeAxis::outputs);
  const Extent of_kernel(axes, line, &WholeAxis::kernel);
  WholeTransform<T> transform(axes, line, c.threads);
  auto count = [](const Extent& extent) {
    long rows = 1;
    for (long size : extent.between) rows *= size;
    return rows;
  };
  // A part of a row, or of a line, which ends within one.
  auto part = [line](long z, long x, long n, long size) {
    return line ? std::clamp(size - z * line - x, 0L, n) : n;
  };
  const long kernel_rows = count(of_kernel), kernel_columns = axes.back().kernel;
  transform.forward(of_kernel, [&](long z, long row, long x, long n, T* to) {
    const long there = part(z, x, n, kernel_columns);
    const long from = line ? z * line : (z * kernel_rows + row) * kernel_columns;
    std::copy_n(kernel + from + x, there, to);
    std::fill(to + there, to + n, T(0));
  });
  transform.keep_kernel(of_kernel);

  const Extension<T> extension(c.source, c.rows, c.map, fill);
  const long channels = c.out.channels, rows = count(extended), out_rows = count(outputs);
  std::atomic<bool> finite{true};
  for (long image = 0; image < c.out.planes * channels; image++) {
    const long plane = image / channels, channel = image % channels;
    transform.forward(extended, [&](long z, long row, long x, long n, T* to) {
      const long there = part(z, x, n, axes.back().extended);
      const long from = line ? 0 : z * rows + row, first = line ? z * line + x : x;
      if (channels == 1) {
        if (there > 0) extension.read(plane, from, first, there, to);
      } else {
        Buffer<T> mixed(n * channels);
        if (there > 0) extension.read(plane, from, first, there, mixed.get());
        for (long i = 0; i < there; i++) to[i] = mixed.get()[i * channels + channel];
      }
      std::fill(to + there, to + n, T(0));
    });
    transform.filter(extended, outputs);
    transform.inverse(outputs, [&](long z, long row, long x, long n, T* from) {
      const long there = part(z, x, n, axes.back().outputs);
      bool all = true;
      for (long i = 0; i < there; i++) {
        all &= std::isfinite(from[i]);
        from[i] += offset;
      }
      if (!all) finite = false;
      const long first = line ? z * line + x : x;
      with_type(c.out.type, [&](auto zero) {
        using Out = decltype(zero);
        Out* const to = static_cast<Out*>(c.out.row(plane, line ? 0 : z * out_rows + row)) +
                        first * channels + channel;
        if (channels == 1) return convert_row(from, there, to);
        Buffer<Out> values(there);
        convert_row(from, there, values.get());
        for (long i = 0; i < there; i++) to[i * channels] = values.get()[i];
      });
    });
  }
  for (long p = 0; p < c.out.planes; p++)
    for (long y = 0; y < c.out.height; y++) c.kept.put(c.out, p, y, 0, c.out.width);
  return finite;
}

template bool correlate_whole(const Correlation&, const float*, const std::vector<WholeAxis>&, long,
                              float, float);
template bool correlate_whole(const Correlation&, const double*, const std::vector<WholeAxis>&,
                              long, double, double);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
