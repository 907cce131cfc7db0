// A source array as a correlation sees it: rows and columns by lists, so that every boundary, mode
// and origin is only another list, and elements in the type of the arithmetic.
#pragma once

#include <vector>

#include "arrays/convert.h"
#include "memory.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

enum class DataType { f32, f64, u8, u16, i64 };
// f called with a zero of the type.
template <class F>
auto with_type(DataType type, F f) {
  switch (type) {
  case DataType::u8:
    return f(uint8_t{});
  case DataType::u16:
    return f(uint16_t{});
  case DataType::i64:
    return f(int64_t{});
  case DataType::f64:
    return f(double{});
  default:
    return f(float{});
  }
}
inline size_t size_of(DataType type) {
  return with_type(type, [](auto zero) { return sizeof zero; });
}
template <class T>
inline constexpr DataType kDataType =
    sizeof(T) == 4 ? DataType::f32 : DataType::f64; // of arithmetic

// C-contiguous (planes, height, width, channels).
template <class Data>
struct ArrayView {
  Data* data; // void or const void
  DataType type;
  long planes, height, width, channels;

  long row_elements() const { return width * channels; }
  // The row's first element, whatever its type.
  Data* row(long plane, long y) const {
    using Byte = std::conditional_t<std::is_const_v<Data>, const char, char>;
    return static_cast<Byte*>(data) +
           (plane * height + y) * row_elements() * static_cast<long>(size_of(type));
  }
};
using SourceArray = ArrayView<const void>;
using OutArray = ArrayView<void>;

// Row (column) of the source for each row (column) of the extended array; -1 is a row of fill.
struct IndexList {
  const int32_t* at;
  long size;
};

// Columns of the extended array that are neighbours in the source; source -1: all fill.
struct ColumnRun {
  long first, source, size;
};
// A signal's list may be a million long, and is read here only.
std::vector<ColumnRun> find_runs(IndexList columns);

// A list of columns as whole rows are extended by it: the longest run is converted at once, and the
// elements beside it are copied from what it has become.
struct ColumnMap {
  struct Element {
    long to, from; // columns of the extended row, and of the run's; -1 is fill
  };
  std::vector<ColumnRun> runs;
  ColumnRun longest{};
  std::vector<Element> beside;
  bool is_short = false; // `beside` has all the others, and is worth it

  ColumnMap() = default;
  explicit ColumnMap(IndexList columns);
};

// The last channel, where it is kept as it is: a result at (y, x) takes the source's pixel at
// rows[y], columns[x], columns that follow one another.
struct KeptChannel {
  SourceArray source{}; // no data: nothing is kept
  const int32_t *rows = nullptr, *columns = nullptr;

  // For n pixels of an output row, from x on.
  void put(const OutArray& out, long plane, long y, long x, long n) const;
};

template <class T>
class Extension {
 public:
  Extension(SourceArray source, IndexList rows, const ColumnMap& columns, T fill);

  const SourceArray& source() const { return source_; }
  long channels() const { return source_.channels; }

  // The longest run of extended columns that are neighbours in the source and need no conversion;
  // empty if there is none.
  ColumnRun in_place() const;

  // Columns [first, first + n) of a row of the extended plane; plane -1 is all fill.
  void read(long plane, long row, long first, long n, T* to) const;

 private:
  template <class>
  friend class Window;
  void copy(long plane, long row, long first_column, long columns, T* to) const;

  SourceArray source_;
  IndexList rows_;
  T fill_;
  const ColumnMap& columns_;
  void (*convert_)(const void* from, long n, T* to);
};

// Some columns of one extended plane, row by row. A row stays valid until `slots` - 1 later ones
// have been asked for; rows are asked for in order, or again. Behind a row a register's width may
// be read, but counts for nothing; not so if the columns are in place.
template <class T>
class Window {
 public:
  // Plane -1 is all fill.
  Window(const Extension<T>& extension, long plane, long first_column, long columns, long slots,
         bool in_place);
  void start(long row) { next_ = row; }
  const T* row(long row);

 private:
  const Extension<T>& extension_;
  long plane_, first_column_, columns_, slots_, pitch_, next_ = 0, source_column_ = 0;
  bool in_place_;
  Buffer<T> ring_, fill_;
};

// Elements between rows so that they begin on cache lines, and not all in the same cache set; room
// for one more register.
template <class T>
long row_pitch(long elements) {
  constexpr long line = 64 / sizeof(T);
  const long lines = (elements + kWidth<T> + line - 1) / line;
  return (lines % 32 == 0 ? lines + 1 : lines) * line;
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
