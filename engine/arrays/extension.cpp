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

template <class T>
Extension<T>::Extension(SourceArray source, IndexList rows, const std::vector<ColumnRun>& columns,
                        T fill)
    : source_(source), rows_(rows), fill_(fill), runs_(columns),
      convert_(conversion<T>(source.type)) {}

template <class T>
ColumnRun Extension<T>::in_place() const {
  ColumnRun best{};
  if (source_.type == kDataType<T>)
    for (const ColumnRun& run : runs_)
      if (run.source >= 0 && run.size > best.size) best = run;
  return best;
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
  auto run = std::upper_bound(runs_.begin(), runs_.end(), first_column,
                              [](long column, const ColumnRun& r) { return column < r.first; }) -
             1;
  for (; run != runs_.end() && run->first < end; run++) {
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

template class Extension<float>;
template class Extension<double>;
template class Window<float>;
template class Window<double>;

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
