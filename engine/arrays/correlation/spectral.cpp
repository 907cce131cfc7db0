// Definition: correlation_at.
// Test: tests/engine/arrays/correlation/test_spectral.py.
//
// Correlation by Fourier transforms, in tiles that stay in cache. Two tiles are transformed as the
// real and imaginary part of one: the kernel is real, so that what comes back is their results,
// side by side. A tile of R x C elements is transformed along its columns, kWidth of them to a
// register, then along its rows, kWidth of them again; a stretch of R * C elements of one row
// likewise, once the roots of unity between the two have been multiplied in (W. M. Gentleman, G.
// Sande, 1966).
#include <algorithm>
#include <atomic>
#include <cmath>

#include "arrays/correlation/correlate.h"
#include "arrays/correlation/fft.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Two real tiles, which count as one complex.
template <class T>
struct TilePair {
  TilePair(long rows, long columns)
      : rows(rows), columns(columns), pitch(row_pitch<T>(columns)), elements(2 * rows * pitch) {}
  T* row(int which, long y) const { return elements.get() + (which * rows + y) * pitch; }

  long rows, columns, pitch;
  Buffer<T> elements;
};

// Transforms of R x C elements: to spectra and back. A spectrum is (R / kWidth, C): registers hold
// kWidth frequencies of the columns.
template <class T>
class TileTransform {
 public:
  TileTransform(long rows, long columns, bool line);

  long rows() const { return columns_fft_.size(); }
  long columns() const { return rows_fft_.size(); }
  long registers() const { return rows() / kWidth<T> * pitch(); }

  // scratch: rows() registers.
  void forward(const TilePair<T>& tiles, Complex<T>* spectrum, Complex<T>* scratch) const;
  // spectrum = its correlation with a kernel's, ready for `inverse`.
  void filter(Complex<T>* spectrum, const Complex<T>* kernel) const;
  void backward_rows(Complex<T>* spectrum) const;
  // Only the first `height` x `width` elements, plus an offset.
  void inverse(const Complex<T>* spectrum, const TilePair<T>& tiles, long height, long width,
               T offset, Complex<T>* scratch) const;
  void forward_rows(Complex<T>* spectrum) const;

 private:
  static constexpr int W = kWidth<T>;
  long pitch() const { return columns() + W; } // rows of a spectrum in different cache sets
  template <bool Forward>
  void twiddle(Complex<T>* block, const Complex<T>* twiddles) const;

  Fft<T> columns_fft_, rows_fft_;
  Buffer<Complex<T>> twiddles_; // of a line
};

template <class T>
TileTransform<T>::TileTransform(long rows, long columns, bool line)
    : columns_fft_(rows), rows_fft_(columns) {
  if (!line) return;
  twiddles_ = Buffer<Complex<T>>(registers());
  const Roots roots(rows * columns);
  for (long y = 0; y < rows; y++) {
    const long frequency = columns_fft_.frequency(y);
    Complex<T>* block = twiddles_.get() + y / W * pitch();
    for (long x = 0; x < columns; x++) {
      const auto root = roots(frequency * x);
      block[x].re[y % W] = static_cast<T>(root.re);
      block[x].im[y % W] = static_cast<T>(root.im);
    }
  }
}

template <class T>
void TileTransform<T>::forward(const TilePair<T>& tiles, Complex<T>* spectrum,
                               Complex<T>* scratch) const {
  for (long x = 0; x < columns(); x += W) {
    for (long y = 0; y < rows(); y++)
      scratch[y] = {load(tiles.row(0, y) + x), load(tiles.row(1, y) + x)};
    columns_fft_.forward(scratch);
    for (long y = 0; y < rows(); y += W) {
      Vec<T> re[W], im[W];
      for (int i = 0; i < W; i++) re[i] = scratch[y + i].re;
      transpose_from<W, 1>(re);
      for (int i = 0; i < W; i++) im[i] = scratch[y + i].im;
      transpose_from<W, 1>(im);
      Complex<T>* to = spectrum + y / W * pitch() + x;
      for (int i = 0; i < W; i++) to[i] = {re[i], im[i]};
    }
  }
}

template <class T>
template <bool Forward>
void TileTransform<T>::twiddle(Complex<T>* block, const Complex<T>* twiddles) const {
  for (long x = 0; x < columns(); x++)
    block[x] = Forward ? block[x] * twiddles[x] : times_conjugate(block[x], twiddles[x]);
}

template <class T>
void TileTransform<T>::forward_rows(Complex<T>* spectrum) const {
  for (long at = 0; at < registers(); at += pitch()) {
    if (twiddles_.get()) twiddle<true>(spectrum + at, twiddles_.get() + at);
    rows_fft_.forward(spectrum + at);
  }
}

template <class T>
void TileTransform<T>::backward_rows(Complex<T>* spectrum) const {
  for (long at = 0; at < registers(); at += pitch()) {
    rows_fft_.backward(spectrum + at);
    if (twiddles_.get()) twiddle<false>(spectrum + at, twiddles_.get() + at);
  }
}

template <class T>
void TileTransform<T>::filter(Complex<T>* spectrum, const Complex<T>* kernel) const {
  for (long at = 0; at < registers(); at += pitch()) {
    if (twiddles_.get()) twiddle<true>(spectrum + at, twiddles_.get() + at);
    rows_fft_.filter(spectrum + at, kernel + at);
    if (twiddles_.get()) twiddle<false>(spectrum + at, twiddles_.get() + at);
  }
}

template <class T>
void TileTransform<T>::inverse(const Complex<T>* spectrum, const TilePair<T>& tiles, long height,
                               long width, T offset, Complex<T>* scratch) const {
  const Vec<T> added = broadcast(offset);
  for (long x = 0; x < width; x += W) {
    for (long y = 0; y < rows(); y += W) {
      const Complex<T>* from = spectrum + y / W * pitch() + x;
      Vec<T> re[W], im[W];
      for (int i = 0; i < W; i++) re[i] = from[i].re;
      transpose_from<W, 1>(re);
      for (int i = 0; i < W; i++) im[i] = from[i].im;
      transpose_from<W, 1>(im);
      for (int i = 0; i < W; i++) scratch[y + i] = {re[i], im[i]};
    }
    columns_fft_.backward(scratch);
    for (long y = 0; y < height; y++) {
      store(tiles.row(0, y) + x, scratch[y].re + added);
      store(tiles.row(1, y) + x, scratch[y].im + added);
    }
  }
}

// A correlation cut into tiles, which are numbered.
template <class T>
class Tiling {
 public:
  Tiling(const Correlation& c, const Terms<T>& terms, TileSize tile, T fill)
      : c_(c), terms_(terms), extension_(c.source, c.rows, c.map, fill),
        line_(terms.height == 1 && tile.height == 1) {
    long rows = tile.height, columns = tile.width;
    if (line_)
      for (rows = 1; rows * rows < tile.width; rows *= 2) columns = tile.width / (2 * rows);
    rows_ = rows, columns_ = columns;
    step_y_ = tile.height - terms.height + 1, step_x_ = tile.width - terms.width + 1;
    down_ = (c.out.height + step_y_ - 1) / step_y_;
    across_ = (c.out.width + step_x_ - 1) / step_x_;
  }

  bool line() const { return line_; }
  long rows() const { return rows_; }
  long columns() const { return columns_; }
  long count() const { return c_.out.planes * down_ * across_ * c_.out.channels; }
  // Rows and columns that are results, once transformed back.
  long result_rows() const { return line_ ? (step_x_ + columns_ - 1) / columns_ : step_y_; }
  long result_columns() const { return line_ ? columns_ : step_x_; }
  TilePosition position_of(long tile) const {
    const long block = tile / c_.out.channels;
    return {block / across_ / down_, block / across_ % down_ * step_y_, block % across_ * step_x_};
  }

  // Zeros for tiles that are not there, and for what is not finite. Returns whether all was.
  bool read(long tile, long term, const TilePair<T>& to, int which) const;
  // Returns whether all is finite.
  bool write(long tile, const TilePair<T>& from, int which) const;

 private:
  const Correlation& c_;
  const Terms<T>& terms_;
  Extension<T> extension_;
  bool line_;
  long rows_, columns_, step_y_, step_x_, down_, across_;
};

// What is in reach of the results; what else a tile holds at the edge is zero.
template <class T>
bool Tiling<T>::read(long tile, long term, const TilePair<T>& to, int which) const {
  const bool there = tile < count();
  const TilePosition at = there ? position_of(tile) : TilePosition{};
  const long channels = c_.out.channels, channel = tile % channels;
  const long end_y = c_.out.height + terms_.height - 1, end_x = c_.out.width + terms_.width - 1;
  const long plane = there ? terms_.planes[at.plane * terms_.count + term] : -1;
  const bool bytes = c_.source.type == DataType::u8 || c_.source.type == DataType::u16;
  Buffer<T> mixed(channels > 1 ? columns_ * channels : 0);
  bool finite = true;
  for (long r = 0; r < rows_; r++) {
    const long y = line_ ? at.row : at.row + r, x = line_ ? at.column + r * columns_ : at.column;
    T* row = to.row(which, r);
    const long n = there && y < end_y ? std::clamp(end_x - x, 0L, columns_) : 0;
    if (channels == 1 && n > 0) extension_.read(plane, y, x, n, row);
    if (channels > 1 && n > 0) {
      extension_.read(plane, y, x, n, mixed.get());
      for (long i = 0; i < n; i++) row[i] = mixed.get()[i * channels + channel];
    }
    std::fill_n(row + n, columns_ - n, T(0));
    if (bytes || all_finite(row, columns_)) continue;
    finite = false;
    for (long i = 0; i < columns_; i++)
      if (!std::isfinite(row[i])) row[i] = 0;
  }
  return finite;
}

template <class T>
bool Tiling<T>::write(long tile, const TilePair<T>& from, int which) const {
  if (tile >= count()) return true;
  const OutArray& out = c_.out;
  const TilePosition at = position_of(tile);
  const long channels = out.channels, channel = tile % channels;
  bool finite = true;
  auto write_row = [&](long y, long x, const T* elements, long n) {
    char* row = static_cast<char*>(out.row(at.plane, y));
    auto write_as = [&]<class To>(To* to) {
      to += x * channels + channel;
      if (channels == 1) return convert_row(elements, n, to);
      Buffer<To> values(n);
      convert_row(elements, n, values.get());
      for (long i = 0; i < n; i++) to[i * channels] = values.get()[i];
    };
    switch (out.type) {
    case DataType::u8:
      return write_as(reinterpret_cast<uint8_t*>(row));
    case DataType::u16:
      return write_as(reinterpret_cast<uint16_t*>(row));
    default:
      return write_as(reinterpret_cast<T*>(row));
    }
  };
  const long height = line_ ? 1 : std::min(step_y_, out.height - at.row);
  const long width = std::min(step_x_, out.width - at.column);
  for (long r = 0; r < result_rows(); r++) {
    if (!line_ && r >= height) break;
    const long skipped = line_ ? r * columns_ : 0;
    const long n = std::min(width - skipped, line_ ? columns_ : width);
    if (n <= 0) break;
    const T* elements = from.row(which, r);
    finite &= all_finite(elements, n);
    write_row(line_ ? at.row : at.row + r, at.column + skipped, elements, n);
  }
  return finite;
}

template <class T>
Buffer<Complex<T>> kernel_spectra(const TileTransform<T>& transform, const Terms<T>& terms,
                                  bool line) {
  const long n = transform.registers();
  Buffer<Complex<T>> spectra(terms.count * n), scratch(transform.rows());
  TilePair<T> tiles(transform.rows(), transform.columns());
  // Scaling here, not after, keeps far from overflow.
  const T scale = T(1) / static_cast<T>(transform.rows() * transform.columns());
  for (long t = 0; t < terms.count; t++) {
    std::fill_n(tiles.row(0, 0), 2 * transform.rows() * tiles.pitch, T(0));
    for (long i = 0; i < terms.height * terms.width; i++) {
      const long width = line ? transform.columns() : terms.width;
      tiles.row(0, i / width)[i % width] = terms.kernels[t * terms.height * terms.width + i];
    }
    Complex<T>* spectrum = spectra.get() + t * n;
    transform.forward(tiles, spectrum, scratch.get());
    transform.forward_rows(spectrum);
    // The conjugate makes it a correlation.
    for (long i = 0; i < n; i++) spectrum[i] = {spectrum[i].re * scale, -spectrum[i].im * scale};
  }
  return spectra;
}

} // namespace

template <class T>
std::vector<TilePosition> correlate_fft(const Correlation& c, const Terms<T>& terms, TileSize size,
                                        T fill, T offset) {
  if (terms.width == 1 && terms.height > 1 && c.out.channels == 1)
    return correlate_columns(c, terms, size, fill, offset);
  const Tiling<T> tiling(c, terms, size, fill);
  const TileTransform<T> transform(tiling.rows(), tiling.columns(), tiling.line());
  const Buffer<Complex<T>> kernels = kernel_spectra(transform, terms, tiling.line());
  const long n = transform.registers(), count = tiling.count();
  std::vector<char> trusted(count + 1, 1);
  std::atomic<long> next{0};
  const int threads = worthwhile_threads(count * tiling.rows() * tiling.columns(), c.threads);
  run_threads(threads, [&](int) {
    TilePair<T> tiles(transform.rows(), transform.columns());
    Buffer<Complex<T>> spectrum(n), scratch(transform.rows()), sum(terms.count > 1 ? n : 0);
    for (long tile; (tile = next.fetch_add(2, std::memory_order_relaxed)) < count;) {
      Complex<T>* result = spectrum.get();
      for (long t = 0; t < terms.count; t++) {
        for (int which = 0; which < 2; which++)
          if (!tiling.read(tile + which, t, tiles, which)) trusted[tile + which] = 0;
        transform.forward(tiles, spectrum.get(), scratch.get());
        if (terms.count == 1) {
          transform.filter(spectrum.get(), kernels.get());
          break;
        }
        transform.forward_rows(spectrum.get());
        result = sum.get();
        const Complex<T>* kernel = kernels.get() + t * n;
        for (long i = 0; i < n; i++) {
          const Complex<T> product = spectrum.get()[i] * kernel[i];
          result[i] = t == 0 ? product : result[i] + product;
        }
      }
      if (terms.count > 1) transform.backward_rows(result);
      transform.inverse(result, tiles, tiling.result_rows(), tiling.result_columns(), offset,
                        scratch.get());
      for (int which = 0; which < 2; which++)
        if (!tiling.write(tile + which, tiles, which)) trusted[tile + which] = 0;
    }
  });
  for (long p = 0; p < c.out.planes; p++)
    for (long y = 0; y < c.out.height; y++) c.kept.put(c.out, p, y, 0, c.out.width);
  std::vector<TilePosition> non_finite;
  for (long tile = 0; tile < count; tile++)
    if (!trusted[tile]) non_finite.push_back(tiling.position_of(tile));
  return non_finite;
}

template std::vector<TilePosition> correlate_fft(const Correlation&, const Terms<float>&, TileSize,
                                                 float, float);
template std::vector<TilePosition> correlate_fft(const Correlation&, const Terms<double>&, TileSize,
                                                 double, double);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
