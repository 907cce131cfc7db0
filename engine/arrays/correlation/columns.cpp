// Definition: correlation_at.
// Test: tests/engine/arrays/correlation/test_columns.py.
//
// Correlation with a column by Fourier transforms: each column of the source by itself, one to a
// lane, and two at once as the real and imaginary part of one, as the kernel is real. Nothing is
// transformed along rows, and nothing transposed.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "arrays/correlation/correlate.h"
#include "arrays/correlation/fft.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

template <class T>
std::vector<TilePosition> correlate_columns(const Correlation& c, const Terms<T>& terms,
                                            TileSize tile, T fill, T offset) {
  constexpr long kColumns = 2 * kWidth<T>; // of one transform
  const OutArray& out = c.out;
  const Extension<T> extension(c.source, c.rows, c.map, fill);
  const bool bytes = c.source.type == DataType::u8 || c.source.type == DataType::u16;
  const long n = tile.height, step = n - terms.height + 1;
  const long down = (out.height + step - 1) / step;
  const long across = (out.width + tile.width - 1) / tile.width;
  const long count = out.planes * down * across, end = out.height + terms.height - 1;
  const Fft<T> fft(n);
  Buffer<Complex<T>> kernels(terms.count * n);
  for (long t = 0; t < terms.count; t++) {
    Complex<T>* kernel = kernels.get() + t * n;
    for (long i = 0; i < n; i++) {
      const T weight = i < terms.height ? terms.kernels[t * terms.height + i] : T(0);
      kernel[i] = {broadcast(weight / static_cast<T>(n)), broadcast(T(0))};
    }
    fft.forward(kernel);
    for (long i = 0; i < n; i++) kernel[i].im = -kernel[i].im; // a correlation
  }
  std::vector<char> trusted(count, 1);
  std::atomic<long> next{0};
  const int threads = worthwhile_threads(count * n * tile.width, c.threads);
  run_threads(threads, [&](int) {
    Buffer<Complex<T>> values(n), sum(terms.count > 1 ? n : 0);
    for (long i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) {
      const long plane = i / across / down, first_row = i / across % down * step;
      const long last = std::min((i % across + 1) * tile.width, out.width);
      bool finite = true;
      // Zeros for what is not there, and for what is not finite.
      auto read = [&](long source, long x, long columns) {
        const long height = std::min(n, end - first_row);
        for (long y = 0; y < height; y++) {
          T* row = reinterpret_cast<T*>(values.get() + y);
          extension.read(source, first_row + y, x, columns, row);
          std::fill_n(row + columns, kColumns - columns, T(0));
          if (bytes || all_finite(row, kColumns)) continue;
          finite = false;
          for (long k = 0; k < columns; k++)
            if (!std::isfinite(row[k])) row[k] = 0;
        }
        std::fill_n(values.get() + height, n - height, Complex<T>{});
      };
      for (long x = i % across * tile.width; x < last; x += kColumns) {
        const long columns = std::min(kColumns, last - x);
        Complex<T>* result = values.get();
        for (long t = 0; t < terms.count; t++) {
          read(terms.planes[plane * terms.count + t], x, columns);
          if (terms.count == 1) {
            fft.filter(values.get(), kernels.get());
            break;
          }
          fft.forward(values.get());
          result = sum.get();
          for (long k = 0; k < n; k++) {
            const Complex<T> product = values.get()[k] * kernels.get()[t * n + k];
            result[k] = t == 0 ? product : result[k] + product;
          }
        }
        if (terms.count > 1) fft.backward(result);
        const Vec<T> added = broadcast(offset);
        for (long y = 0; y < std::min(step, out.height - first_row); y++) {
          Complex<T>& row = result[y];
          row.re += added, row.im += added;
          const T* elements = reinterpret_cast<const T*>(&row);
          finite &= all_finite(elements, columns);
          void* to = out.row(plane, first_row + y);
          with_type(out.type, [&](auto zero) {
            convert_row(elements, columns, static_cast<decltype(zero)*>(to) + x);
          });
        }
      }
      trusted[i] = finite;
    }
  });
  std::vector<TilePosition> non_finite;
  for (long i = 0; i < count; i++)
    if (!trusted[i])
      non_finite.push_back({i / across / down, i / across % down * step, i % across * tile.width});
  return non_finite;
}

template std::vector<TilePosition> correlate_columns(const Correlation&, const Terms<float>&,
                                                     TileSize, float, float);
template std::vector<TilePosition> correlate_columns(const Correlation&, const Terms<double>&,
                                                     TileSize, double, double);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
