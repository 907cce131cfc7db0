// Definition: extended_at.
// Test: tests/engine/arrays/correlation/test_correlate.py.
//
// Rows of a source array, extended and converted; see extension.h.
#include "arrays/extension.h"

#include <algorithm>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

template <class T>
auto conversion(DataType from) {
  return with_type(from, [](auto zero) -> void (*)(const void*, long, T*) {
    return [](const void* from, long n, T* to) {
      convert_row(static_cast<const decltype(zero)*>(from), n, to);
    };
  });
}

// Whether indices follow one another from `first` on by `step`: a loop that compilers vectorise.
bool follow(const int32_t* at, uint32_t n, uint32_t first, uint32_t step) {
  uint32_t different = 0;
  for (uint32_t i = 0; i < n; i++) different |= static_cast<uint32_t>(at[i]) ^ (first + i * step);
  return different == 0;
}

} // namespace

std::vector<ColumnRun> find_runs(IndexList columns) {
  constexpr int kBlock = 64;
  std::vector<ColumnRun> runs;
  for (long i = 0; i < columns.size;) {
    const int32_t source = columns.at[i];
    const uint32_t step = source < 0 ? 0 : 1;
    long size = 1;
    auto follows = [&](uint32_t n) {
      return i + size + n <= columns.size &&
             follow(columns.at + i + size, n, source + static_cast<uint32_t>(size) * step, step);
    };
    while (follows(kBlock)) size += kBlock;
    while (follows(1)) size++;
    runs.push_back({i, source, size});
    i += size;
  }
  return runs;
}

ColumnMap::ColumnMap(IndexList columns) : runs(find_runs(columns)) {
  constexpr long kMost = 64; // single elements that are quicker than their runs
  for (const ColumnRun& run : runs)
    if (run.source >= 0 && run.size > longest.size) longest = run;
  is_short = longest.size > 0 && columns.size - longest.size <= kMost;
  for (long i = 0; i < columns.size && is_short; i++) {
    if (i == longest.first) i += longest.size;
    if (i == columns.size) break;
    const long from = columns.at[i] < 0 ? -1 : columns.at[i] - longest.source;
    is_short = from < longest.size && (from >= 0 || columns.at[i] < 0);
    beside.push_back({i, from});
  }
}

template <class T>
Extension<T>::Extension(SourceArray source, IndexList rows, const ColumnMap& columns, T fill)
    : source_(source), rows_(rows), fill_(fill), columns_(columns),
      convert_(conversion<T>(source.type)) {}

template <class T>
ColumnRun Extension<T>::in_place() const {
  return source_.type == kDataType<T> ? columns_.longest : ColumnRun{};
}

template <class T>
void Extension<T>::read(long plane, long row, long first, long n, T* to) const {
  const long from = plane < 0 ? -1 : rows_.at[row];
  if (from < 0)
    std::fill_n(to, n * channels(), fill_);
  else
    copy(plane, from, first, n, to);
}

template <class T>
void Extension<T>::copy(long plane, long row, long first_column, long columns, T* to) const {
  const char* from = static_cast<const char*>(source_.row(plane, row));
  const long channels = source_.channels, bytes = channels * size_of(source_.type);
  const long end = first_column + columns;
  const ColumnRun& longest = columns_.longest;
  if (columns_.is_short && first_column == 0 && end >= longest.first + longest.size) {
    T* const own = to + longest.first * channels;
    convert_(from + longest.source * bytes, longest.size * channels, own);
    for (const auto& element : columns_.beside) {
      if (element.to >= end) break;
      T* const at = to + element.to * channels;
      for (long c = 0; c < channels; c++)
        at[c] = element.from < 0 ? fill_ : own[element.from * channels + c];
    }
    return;
  }
  const std::vector<ColumnRun>& runs = columns_.runs;
  auto run = std::upper_bound(runs.begin(), runs.end(), first_column,
                              [](long column, const ColumnRun& r) { return column < r.first; }) -
             1;
  for (; run != runs.end() && run->first < end; run++) {
    const long first = std::max(run->first, first_column);
    const long size = std::min(run->first + run->size, end) - first;
    T* element = to + (first - first_column) * channels;
    if (run->source < 0)
      std::fill_n(element, size * channels, fill_);
    else
      convert_(from + (run->source + first - run->first) * bytes, size * channels, element);
  }
}

template <class T>
Window<T>::Window(const Extension<T>& extension, long plane, long first_column, long columns,
                  long slots, bool in_place)
    : extension_(extension), plane_(plane), first_column_(first_column), columns_(columns),
      slots_(slots), pitch_(row_pitch<T>(columns * extension.channels())), in_place_(in_place) {
  if (in_place) {
    const auto run = extension.in_place();
    source_column_ = run.source + first_column - run.first;
  } else if (plane >= 0) {
    ring_ = Buffer<T>(slots * pitch_);
    const long elements = columns * extension.channels();
    for (long i = 0; i < slots; i++)
      std::fill_n(ring_.get() + i * pitch_ + elements, kWidth<T>, T(0));
  }
}

template <class T>
const T* Window<T>::row(long row) {
  const long from = plane_ < 0 ? -1 : extension_.rows_.at[row];
  if (from < 0) {
    next_ = std::max(next_, row + 1);
    if (!fill_.get()) {
      fill_ = Buffer<T>(pitch_);
      std::fill_n(fill_.get(), pitch_, extension_.fill_);
    }
    return fill_.get();
  }
  const long channels = extension_.channels();
  if (in_place_)
    return static_cast<const T*>(extension_.source_.row(plane_, from)) + source_column_ * channels;
  T* slot = ring_.get() + row % slots_ * pitch_;
  if (row >= next_) {
    extension_.copy(plane_, from, first_column_, columns_, slot);
    next_ = row + 1;
  }
  return slot;
}

void KeptChannel::put(const OutArray& out, long plane, long y, long x, long n) const {
  if (!source.data) return;
  const long channels = source.channels;
  with_type(source.type, [&](auto zero) {
    const auto* from = static_cast<const decltype(zero)*>(source.row(plane, rows[y])) +
                       (columns[0] + x + 1) * channels - 1;
    with_type(out.type, [&](auto other) {
      using Out = decltype(other);
      Out* to = static_cast<Out*>(out.row(plane, y)) + (x + 1) * channels - 1;
      if (channels == 4)
        for (long i = 0; i < n; i++) to[4 * i] = static_cast<Out>(from[4 * i]);
      else
        for (long i = 0; i < n; i++) to[i * channels] = static_cast<Out>(from[i * channels]);
    });
  });
}

template class Extension<float>;
template class Extension<double>;
template class Window<float>;
template class Window<double>;

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
