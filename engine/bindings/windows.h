// Arrays and lists from Python as windows over a source: every size and index is checked against
// the others, so that no call reads or writes out of bounds.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "arrays/correlation/correlate.h"
#include "bindings/arguments.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

namespace nb = nanobind;

template <int N>
using Input = nb::ndarray<nb::ro, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <int N>
using InOut = nb::ndarray<nb::ndim<N>, nb::c_contig, nb::device::cpu>;
using List = nb::ndarray<const int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using PlaneList = nb::ndarray<const int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Pair = std::tuple<long, long>;

template <class T, class Array>
bool holds(const Array& array) {
  return array.dtype() == nb::dtype<T>();
}

template <class Array>
DataType data_type_of(const Array& array) {
  if (holds<float>(array)) return DataType::f32;
  if (holds<double>(array)) return DataType::f64;
  if (holds<uint8_t>(array)) return DataType::u8;
  if (holds<uint16_t>(array)) return DataType::u16;
  require(holds<int64_t>(array), "arrays must be float32, float64, uint8, uint16 or int64");
  return DataType::i64;
}

inline bool is_unsigned(DataType type) { return type == DataType::u8 || type == DataType::u16; }
// Sums are taken in the kernel's type.
inline void require_arithmetic(DataType source, DataType kernel, DataType out) {
  require(source == kernel ||
              (is_unsigned(source) && (kernel == DataType::f32 || kernel == DataType::f64)),
          "kernels must be of the source's dtype, or floats for uint8 and uint16");
  require(out == kernel || (kernel != DataType::i64 && is_unsigned(out)),
          "out must be of the kernels' dtype, uint8 or uint16");
}

template <class Data, class Array>
ArrayView<Data> view_of(const Array& a) {
  return {a.data(),
          data_type_of(a),
          static_cast<long>(a.shape(0)),
          static_cast<long>(a.shape(1)),
          static_cast<long>(a.shape(2)),
          static_cast<long>(a.shape(3))};
}

inline void require_indices(const int32_t* at, long n, long size, const char* message) {
  const int32_t end = static_cast<int32_t>(std::min<long>(size, INT32_MAX));
  bool outside = false;
  for (long i = 0; i < n; i++) outside |= (at[i] < -1) | (at[i] >= end);
  require(!outside, message);
}

inline IndexList read_list(const List& list, long output, long kernel, const char* message) {
  require(static_cast<long>(list.size()) == output + kernel - 1, message);
  return {list.data(), static_cast<long>(list.size())};
}

// The same row may be written twice, so it must not be read in between.
template <class Data>
const char* end_of(const ArrayView<Data>& a) {
  return static_cast<const char*>(a.data) +
         a.planes * a.height * a.row_elements() * size_of(a.type);
}
inline bool overlap(const SourceArray& source, const OutArray& out) {
  return source.data < end_of(out) && out.data < end_of(source);
}

// What all that slides a window over an extended source checks. Without output there is nothing to
// do.
template <class Windows>
void read_windows(Windows& w, const Input<4>& source, const InOut<4>& out, const List& rows,
                  const List& columns, long height, long width, int threads) {
  w.source = view_of<const void>(source);
  w.out = view_of<void>(out);
  require(height > 0 && width > 0, "kernels must have elements");
  require(w.out.channels == w.source.channels, "out must have the source's channels");
  const char* rows_rule =
      "rows must be the source row, or -1, of each of out's rows and kernel rows - 1";
  const char* columns_rule =
      "columns must be the source column, or -1, of each of out's columns and kernel columns - 1";
  if (w.out.height > 0) {
    w.rows = read_list(rows, w.out.height, height, rows_rule);
    require_indices(w.rows.at, w.rows.size, w.source.height, rows_rule);
  }
  if (w.out.width > 0) {
    w.columns = read_list(columns, w.out.width, width, columns_rule);
    w.map = ColumnMap(w.columns);
    for (const ColumnRun& run : w.map.runs)
      require(run.source == -1 || (run.source >= 0 && run.source + run.size <= w.source.width),
              columns_rule);
  }
  require(!overlap(w.source, w.out), "out must not overlap the source");
  w.threads = threads_or_default(threads);
}

// (row, column) of a window at which the pixel stands whose last channel is kept.
using Keep = std::optional<Pair>;
template <class Windows>
void read_kept(Windows& w, Keep keep) {
  if (!keep || w.out.width == 0 || w.out.height == 0) return;
  const auto [row, column] = *keep;
  const char* rule = "keep must be where the source's own pixels are";
  require(row >= 0 && column >= 0 && row + w.out.height <= w.rows.size &&
              column + w.out.width <= w.columns.size && w.source.planes == w.out.planes,
          rule);
  for (long y = 0; y < w.out.height; y++) require(w.rows.at[row + y] >= 0, rule);
  for (long x = 0; x < w.out.width; x++)
    require(w.columns.at[column] >= 0 && w.columns.at[column + x] == w.columns.at[column] + x,
            rule);
  w.kept = {w.source, w.rows.at + row, w.columns.at + column};
}

inline Correlation read_correlation(const Input<4>& source, const InOut<4>& out, const List& rows,
                                    const List& columns, DataType kernel, long kernel_height,
                                    long kernel_width, Keep keep, int threads) {
  Correlation c;
  read_windows(c, source, out, rows, columns, kernel_height, kernel_width, threads);
  require_arithmetic(c.source.type, kernel, c.out.type);
  read_kept(c, keep);
  return c;
}

// (height, width) of a tile that is transformed, and holds the kernel.
inline TileSize read_tile(Pair tile, long kernel_height, long kernel_width) {
  const auto [height, width] = tile;
  auto is_side = [](long size) {
    return size >= kShortestTile && size <= kLongestTile && (size & (size - 1)) == 0;
  };
  const bool line = height == 1 && kernel_height == 1;
  require(is_side(width) && (line ? width >= kShortestLine : is_side(height)),
          "a tile's sides must be powers of two from 16, or 1 and one from 256");
  require(width >= kernel_width && height >= kernel_height, "a tile must hold the kernel");
  return {height, width};
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
