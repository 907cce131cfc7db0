// Definition: correlation_at.
// Test: tests/engine/arrays/test_box.py.
//
// Down the columns first, by both windows, then along the rows by both, for what a row and a column
// make of an extended image may be exchanged. Down, sums of integers run (one row enters, one
// leaves); of the first window's, as many rows are held as the second has, in a ring.
#include "arrays/box_pair.h"

#include <algorithm>
#include <cmath>

#include "arrays/window_sums.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

namespace {

constexpr double kThreadElements = 1 << 13; // that are worth a thread
constexpr double kMost = 2147483647;        // of the sums down one window
constexpr double kExact = 1L << 53;         // of those along the rows, from the first column on

// A row of sums extended by a list of columns: runs are copied, what is in short ones one by one.
template <class T>
class ExtendedRow {
 public:
  ExtendedRow(IndexList columns, long channels, double beyond)
      : channels_(channels), beyond_(static_cast<T>(beyond)),
        row_(row_pitch<T>(columns.size * channels + 2 * kWidth<T>)) {
    std::fill_n(row_.get(), row_pitch<T>(columns.size * channels + 2 * kWidth<T>), T(0));
    for (const ColumnRun& run : find_runs(columns))
      if (run.size * channels >= kWidth<T>)
        runs_.push_back(run);
      else
        for (long i = 0; i < run.size * channels; i++)
          single_.push_back(
              {run.first * channels + i, run.source < 0 ? -1 : run.source * channels + i});
  }
  template <class From>
  const T* of(const From* row) {
    for (const ColumnRun& run : runs_) {
      T* const to = row_.get() + run.first * channels_;
      const long n = run.size * channels_;
      if (run.source < 0) {
        std::fill_n(to, n, beyond_);
        continue;
      }
      const From* const from = row + run.source * channels_;
      for (long i = 0; i < n; i++) to[i] = static_cast<T>(from[i]);
    }
    for (const Element& one : single_)
      row_.get()[one.to] = one.from < 0 ? beyond_ : static_cast<T>(row[one.from]);
    return row_.get();
  }

 private:
  struct Element {
    long to, from;
  };
  const long channels_;
  const T beyond_;
  Buffer<T> row_;
  std::vector<ColumnRun> runs_;
  std::vector<Element> single_;
};

// Rows of the source From, summed down by the first window, in order, and held in a ring.
template <class From>
class FirstSums {
 public:
  FirstSums(const BoxPair& b, long plane)
      : b_(b), plane_(plane), elements_(b.source.row_elements()),
        pitch_(row_pitch<int32_t>(elements_)), slots_(b.second.height + 1), ring_(slots_ * pitch_),
        sums_(pitch_), fill_(pitch_) {
    std::fill_n(sums_.get(), elements_, 0);
    std::fill_n(fill_.get(), elements_, static_cast<From>(b.fill));
  }
  // Sums up to this row are made; the first time, from `from` on.
  void make(long row, long from) {
    if (made_ < 0) {
      for (long i = 0; i < b_.first.height; i++) {
        const From* const enters = source(from + i);
        for (long x = 0; x < elements_; x++) sums_.get()[x] += enters[x];
      }
      std::copy_n(sums_.get(), elements_, slot(made_ = from));
    }
    for (; made_ < row; made_++) {
      const From *const enters = source(made_ + b_.first.height), *const leaves = source(made_);
      int32_t *const sums = sums_.get(), *const to = slot(made_ + 1);
#pragma GCC ivdep
      for (long x = 0; x < elements_; x++) to[x] = sums[x] += enters[x] - leaves[x];
    }
  }
  const int32_t* of(long row) const { return slot(row); }

 private:
  int32_t* slot(long row) const { return ring_.get() + row % slots_ * pitch_; }
  const From* source(long position) const {
    const long row = b_.first.rows.at[position];
    return row < 0 ? fill_.get() : static_cast<const From*>(b_.source.row(plane_, row));
  }
  const BoxPair& b_;
  const long plane_, elements_, pitch_, slots_;
  Buffer<int32_t> ring_, sums_;
  Buffer<From> fill_;
  long made_ = -1;
};

// Of a + a[step] + ..., `width` terms, x < n: of integers in doubles, as those of integers.
template <class Out, class Finish>
void add_windows(const double* a, long n, long width, long step, const Scratch<double>& room,
                 Out* to, const Finish& finish) {
  constexpr auto lanes = std::make_integer_sequence<int, kWidth<double>>{};
  auto runs = [&](auto by) {
    constexpr int kBy = decltype(by)::value;
    if (step != kBy) return false;
    if constexpr (kBy <= kWidth<double>)
      add_running<kBy>(a, n, width, room, to, finish, lanes);
    else
      add_neighbours(a, n, width, step, room, to, finish);
    return true;
  };
  using std::integral_constant;
  if (runs(integral_constant<int, 1>{}) || runs(integral_constant<int, 2>{}) ||
      runs(integral_constant<int, 3>{}) || runs(integral_constant<int, 4>{}))
    return;
  add_neighbours(a, n, width, step, room, to, finish);
}

// What a division gives, rounded and saturated; see Quotients.
struct RoundedQuotients {
  Quotients<double> quotients;

  template <class Out>
  void operator()(Out* to, Vec<double> sum) const {
    alignas(64) double means[kWidth<double>];
    quotients(means, sum);
#if defined(__AVX2__)
    store_saturated(to, load(means));
#else
    saturate_row(means, kWidth<double>, to);
#endif
  }
};

// From: of the source. Sum: of sums down the columns.
template <class From, class Sum>
void sum_rows(const BoxPair& b, long plane, long first, long last) {
  using T = double;
  const BoxPair::Window &one = b.first, &two = b.second;
  const long channels = b.source.channels, elements = b.source.row_elements();
  const long middle = (one.columns.size - one.width + 1) * channels;
  const long results = b.out.row_elements();
  const double down = b.fill * static_cast<double>(one.height);
  const double both = down * static_cast<double>(two.height);
  ExtendedRow<T> over_first(one.columns, channels, both);
  ExtendedRow<T> over_second(two.columns, channels, both * static_cast<double>(one.width));
  const long wide =
      row_pitch<T>(std::max(one.columns.size, two.columns.size) * channels + 2 * kWidth<T>);
  Buffer<T> scratch(std::max(scratch_rows(one.width), scratch_rows(two.width)) * wide);
  Buffer<T> along(wide);
  const Scratch<T> room{scratch.get(), wide};
  FirstSums<From> sums(b, plane);
  Buffer<int32_t> beyond(elements);
  Buffer<Sum> window(elements);
  std::fill_n(beyond.get(), elements, static_cast<int32_t>(down));
  std::fill_n(window.get(), elements, Sum(0));
  long from = -1; // the first row that is read at all
  for (long i = first; i < last + two.height - 1; i++) {
    const long row = two.rows.at[i];
    if (row >= 0 && (from < 0 || row < from)) from = row;
  }
  auto row_of = [&](long position) {
    const long row = two.rows.at[position];
    if (row < 0) return static_cast<const int32_t*>(beyond.get());
    sums.make(row, from);
    return sums.of(row);
  };
  for (long i = 0; i + 1 < two.height; i++) {
    const int32_t* const enters = row_of(first + i);
    for (long x = 0; x < elements; x++) window.get()[x] += static_cast<Sum>(enters[x]);
  }
  const bool is_fused = kFused && std::isnormal(b.divisor) && std::isnormal(1 / b.divisor);
  const Quotients<T> quotients{b.divisor, 1 / b.divisor, b.offset};
  auto keep = [](T* to, Lanes<T> sum) { store_lanes(to, sum); }; // which is inlined
  for (long y = first; y < last; y++) {
    const int32_t* const enters = row_of(y + two.height - 1);
    Sum* const to = window.get();
    for (long x = 0; x < elements; x++) to[x] += static_cast<Sum>(enters[x]);
    add_windows(over_first.of(to), middle, one.width, channels, room, along.get(), keep);
    const T* const extended = over_second.of(along.get());
    with_type(b.out.type, [&](auto zero) {
      using Out = decltype(zero);
      Out* const row = static_cast<Out*>(b.out.row(plane, y));
      if constexpr (std::is_unsigned_v<Out>)
        if (is_fused)
          return add_windows(extended, results, two.width, channels, room, row,
                             RoundedQuotients{quotients});
      T* const means = along.get();
      add_windows(extended, results, two.width, channels, room, means, keep);
      for (long x = 0; x < results; x++) means[x] = means[x] / b.divisor + b.offset;
      convert_row(means, results, row);
    });
    const int32_t* const leaves = row_of(y);
    for (long x = 0; x < elements; x++) to[x] -= static_cast<Sum>(leaves[x]);
  }
}

// Down the first window.
double largest_sum(const BoxPair& b) {
  return (b.source.type == DataType::u8 ? 255.0 : 65535.0) * static_cast<double>(b.first.height);
}

} // namespace

bool holds_sums(const BoxPair& b) {
  const double down = largest_sum(b) * static_cast<double>(b.second.height);
  const double along = static_cast<double>(b.first.width * b.second.columns.size);
  return largest_sum(b) <= kMost &&
         down * std::max(along, static_cast<double>(b.first.columns.size)) <= kExact;
}

void sum_box_pair(const BoxPair& b) {
  const OutArray& out = b.out;
  const double work = static_cast<double>(out.planes * out.height * b.source.row_elements());
  const int threads =
      static_cast<int>(std::clamp(work / kThreadElements, 1.0, static_cast<double>(b.threads)));
  const long strips = std::min<long>((threads + out.planes - 1) / out.planes, out.height);
  const long units = out.planes * strips;
  run_threads(threads, [&](int t) {
    for (long i = units * t / threads; i < units * (t + 1) / threads; i++) {
      const long s = i % strips, first = out.height * s / strips,
                 last = out.height * (s + 1) / strips;
      if (b.source.type == DataType::u16)
        sum_rows<uint16_t, double>(b, i / strips, first, last);
      else if (largest_sum(b) * static_cast<double>(b.second.height) <= kMost)
        sum_rows<uint8_t, int32_t>(b, i / strips, first, last);
      else
        sum_rows<uint8_t, double>(b, i / strips, first, last);
    }
  });
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
