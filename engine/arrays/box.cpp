// Definition: correlation_at.
// Test: tests/engine/arrays/test_box.py.
//
// First down the columns of the source, then along the row of their sums, which is extended by the
// list of columns. Nothing is ever subtracted from a float, for that would leave the rounding of a
// large element, or its NaN, in all later windows:
//
// - Down: integers run (one row enters, one leaves). Floats are summed in blocks of as many rows as
//   the window has: a window is the end of one block and the beginning of the next, so that it
//   takes one addition to the sums of a block from each row to its end (kept, `height` rows of
//   them) and from its first row to each (one row, that grows): three additions an element, of any
//   height (M. van Herk, A fast algorithm for local minimum and maximum filters, 1992). Of many
//   rows stretches are summed apart, so that roundings do not grow with the height. Of few rows
//   four windows are summed side by side, in registers.
// - Along: sums of 4, 16, 64, ... neighbours, of which as many are added up as make the width: some
//   2 log2(width) additions of whole registers. A running sum would need one an element only, but
//   one after the other. Integers take differences of prefix sums.
//
// What is made of a sum, its mean in whatever type, is made of the register it is in.
#include "arrays/box.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "arrays/strips.h"
#include "arrays/window_sums.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

namespace {

// Bytes of sums that are worth a thread.
constexpr double kThreadBytes = 1 << 15;
// Results at a time along a row: what is read and made of them fits the first-level cache.
constexpr long kChunk = 2048;
constexpr long kLongRun = 32; // elements that are worth a copy
constexpr long kFewRows = 12; // of floats, whose sums share what they have in common
constexpr long kSharing = 4;  // so many of them
constexpr long kStretch = 32; // of floats that are added up one after the other
// Rows of sums that are made before the first is read: to read a register across two that have just
// been stored takes as long as to add up a short row.
constexpr long kRowsAtOnce = 8, kElementsAtOnce = 1 << 14;

// Which elements a sum in T is made of.
template <class T, class From>
inline constexpr bool kSums =
    kIntegers<T> ? sizeof(From) <= 2
                 : std::is_same_v<T, From> || (sizeof(T) == 8 && std::is_integral_v<From>);

bool rounds(DataType out) { return out == DataType::u8 || out == DataType::u16; }
double largest_of(DataType type) { return type == DataType::u8 ? 255 : 65535; }

template <class T>
class BoxSums {
 public:
  explicit BoxSums(const Box& box);
  void run() const;

 private:
  void run_rows(long plane, long first, long last) const;
  // What a row of the output is made with.
  struct Room {
    explicit Room(const BoxSums& b)
        : pitch(row_pitch<T>(b.chunk_ + b.more_ + b.channels_ + 2 * kWidth<T>)),
          scratch(scratch_rows(b.box_.width) * pitch), finished(b.chunk_) {}
    long pitch;
    Buffer<T> scratch, finished;
  };
  void write(const T* extended, long plane, long y, const Room& room) const;
  void write_quotients(const T* sums, long n, char* to) const;

  // f(a row of the source) for the row of the extended source, unless that is all fill.
  template <class F>
  bool on_row(long plane, long row, const F& f) const {
    const long from = box_.rows.at[row];
    if (from < 0) return false;
    with_type(box_.source.type, [&](auto zero) {
      using From = decltype(zero);
      if constexpr (kSums<T, From>) f(static_cast<const From*>(box_.source.row(plane, from)));
    });
    return true;
  }
  // to = b + a row of the extended source; to may be b.
  void add_row(long plane, long row, const T* b, T* to) const {
    if (!on_row(plane, row, [&](const auto* a) { add(a, b, elements_, to); }))
      for (long i = 0; i < elements_; i++) to[i] = b[i] + fill_;
  }
  void replace_row(long plane, long enters, long leaves, const T* b, T* to) const {
    const long in = box_.rows.at[enters], out = box_.rows.at[leaves];
    if (in >= 0 && out >= 0) {
      on_row(plane, enters, [&](const auto* a) {
        using From = std::remove_cvref_t<decltype(*a)>;
        replace(a, static_cast<const From*>(box_.source.row(plane, out)), b, elements_, to);
      });
      return;
    }
    add_row(plane, enters, b, to);
    if (!on_row(plane, leaves, [&](const auto* a) { take_away(a, to, elements_, to); }))
      for (long i = 0; i < elements_; i++) to[i] -= fill_;
  }
  // beginning += a row of the extended source; to = beginning + ends.
  void grow_by_row(long plane, long row, const T* ends, T* beginning, T* to) const {
    if (on_row(plane, row, [&](const auto* a) { grow(a, ends, elements_, beginning, to); })) return;
    add_row(plane, row, beginning, beginning);
    add(ends, beginning, elements_, to);
  }
  // The same; the beginning has stretches before it.
  void grow_stretch_by_row(long plane, long row, const T* stretches, const T* ends, T* beginning,
                           T* to) const {
    if (on_row(plane, row,
               [&](const auto* a) { grow_stretch(a, stretches, ends, elements_, beginning, to); }))
      return;
    grow_by_row(plane, row, stretches, beginning, to);
    add(ends, to, elements_, to);
  }
  // Rows of the extended source, if they lie in the source as they are summed.
  bool find_rows(long plane, long first, long count, const T** rows) const {
    bool all = box_.source.type == kDataType<T> && elements_ >= kWidth<T>;
    for (long i = 0; i < count && all; i++) {
      const long from = box_.rows.at[first + i];
      all = from >= 0;
      if (all) rows[i] = static_cast<const T*>(box_.source.row(plane, from));
    }
    return all;
  }
  // The columns beyond the source; sums of the source's own stand at `own_`.
  void extend(const T* sums, T* extended) const;

  const Box& box_;
  const long channels_, elements_; // of a source row
  const long more_, chunk_;        // elements that a result reads beyond the first; results at once
  const T fill_;
  struct Element { // of the extended row, and of the sums
    long to, from;
  };
  std::vector<ColumnRun> long_runs_; // of columns, but own_
  std::vector<Element> single_;      // what is in shorter ones: a reflected border has no longer
  ColumnRun own_{};         // the run that has all of the source's columns, if there is one
  bool is_whole_ = false;   // there is
  bool narrow_ = false;     // quotients in float are exact enough
  bool multiplies_ = false; // by 1 / divisor, which is quicker than a division
  bool is_fused_ = false;   // Quotients are those of a division
  uint16_t reciprocal_ = 0; // of the divisor, times 2^(16 + shift_); 0: there is none that is exact
  int shift_ = 0;
};

template <class T>
BoxSums<T>::BoxSums(const Box& box)
    : box_(box), channels_(box.source.channels), elements_(box.source.row_elements()),
      more_((box.width - 1) * channels_), chunk_(std::max(kChunk, more_)),
      fill_(static_cast<T>(box.fill)) {
  for (const ColumnRun& run : box.map.runs)
    if (run.source == 0 && run.size == box.source.width && !is_whole_)
      own_ = run, is_whole_ = true;
    else if (run.size * channels_ >= kLongRun)
      long_runs_.push_back(run);
    else
      for (long i = 0; i < run.size * channels_; i++)
        single_.push_back(
            {run.first * channels_ + i, run.source < 0 ? -1 : run.source * channels_ + i});
  if (!kIntegers<T>) {
    narrow_ = std::is_same_v<T, float>;
    const T divisor = static_cast<T>(box.divisor);
    is_fused_ = kFused && std::isnormal(divisor) && std::isnormal(1 / divisor);
    return;
  }
  // A mean v of n integers is at least 1 / (2 n) away from a half that it is not, and in floats its
  // quotient is off by v / 2^24 at most, its product with 1 / n by v / 2^23 and an offset's
  // rounding. There are halves to be met exactly only if n is even, and then a division does.
  const double n = static_cast<double>(box.height) * static_cast<double>(box.width);
  const double largest = n * (largest_of(box.source.type) + std::abs(box.offset));
  const bool is_odd = box.divisor == n && std::fmod(n, 2) == 1;
  narrow_ = box.out.type == DataType::f32 ||
            (rounds(box.out.type) && largest < (!is_odd           ? 1 << 23
                                                : box.offset == 0 ? 1 << 22
                                                                  : 1 << 21));
  multiplies_ = rounds(box.out.type) && is_odd;
  // A mean of bytes over an odd number n is never half an integer, so that it is (sum + n / 2) / n,
  // and that the high half of a product with m = ceil(2^k / n) if (m n - 2^k) times the largest
  // dividend is less than 2^k (T. Granlund, P. L. Montgomery, Division by Invariant Integers using
  // Multiplication, 1994).
  const uint64_t divisor = static_cast<uint64_t>(n), most = static_cast<uint64_t>(n * 255 + n / 2);
  if (sizeof(T) != 2 || !is_odd || box.offset != 0 || box.out.type != DataType::u8 ||
      box.source.type != DataType::u8 || most >= 1 << 16 || divisor < 3)
    return;
  while (uint64_t{2} << shift_ <= divisor) shift_++;
  const uint64_t power = uint64_t{1} << (16 + shift_), m = (power + divisor - 1) / divisor;
  if (m < 1 << 16 && (m * divisor - power) * most < power) reciprocal_ = static_cast<uint16_t>(m);
}

template <class T>
void BoxSums<T>::extend(const T* sums, T* extended) const {
  const T beyond = fill_ * static_cast<T>(box_.height);
  for (const ColumnRun& run : long_runs_) {
    T* to = extended + run.first * channels_;
    if (run.source < 0)
      std::fill_n(to, run.size * channels_, beyond);
    else
      std::copy_n(sums + run.source * channels_, run.size * channels_, to);
  }
  for (const Element& element : single_)
    extended[element.to] = element.from < 0 ? beyond : sums[element.from];
}

template <class T>
void BoxSums<T>::write_quotients(const T* sums, long n, char* to) const {
  auto write_all = [&](const auto* values) {
    with_type(box_.out.type,
              [&](auto zero) { convert_row(values, n, reinterpret_cast<decltype(zero)*>(to)); });
  };
  auto quotients = [&](auto divisor) {
    using Q = decltype(divisor);
    alignas(64) Q values[kChunk];
    const Q offset = static_cast<Q>(box_.offset), factor = Q(1) / divisor;
    if (multiplies_)
      for (long i = 0; i < n; i++) values[i] = static_cast<Q>(sums[i]) * factor + offset;
    else
      for (long i = 0; i < n; i++) values[i] = static_cast<Q>(sums[i]) / divisor + offset;
    write_all(values);
  };
  if (box_.divisor == 1 && box_.offset == 0 && !rounds(box_.out.type))
    write_all(sums);
  else if (narrow_)
    quotients(static_cast<float>(box_.divisor));
  else
    quotients(box_.divisor);
}

template <class T>
void BoxSums<T>::write(const T* extended, long plane, long y, const Room& room) const {
  const long elements = box_.out.row_elements();
  const Scratch<T> scratch{room.scratch.get(), room.pitch};
  void* const row = box_.out.row(plane, y);
  auto windows = [&](long x, auto* to, const auto& finish) {
    const long n = std::min(chunk_, elements - x);
    add_row_of_windows(extended + x, n, box_.width, channels_, scratch, to, finish);
  };
  auto finished = [&](auto zero, const auto& finish) {
    auto* to = static_cast<decltype(zero)*>(row);
    for (long x = 0; x < elements; x += chunk_) windows(x, to + x, finish);
    box_.kept.put(box_.out, plane, y, 0, box_.out.width);
  };
  if constexpr (std::is_same_v<T, uint16_t>)
    if (reciprocal_) {
      const uint16_t half = static_cast<uint16_t>(box_.divisor / 2);
      return finished(uint8_t{}, ByteMeans{half, reciprocal_, shift_});
    }
#if defined(__AVX2__)
  if constexpr (std::is_same_v<T, int32_t>)
    if (multiplies_) {
      auto rounded = [&](const auto& products) {
        return box_.out.type == DataType::u8 ? finished(uint8_t{}, products)
                                             : finished(uint16_t{}, products);
      };
      return narrow_ ? rounded(Products{1 / static_cast<float>(box_.divisor),
                                        static_cast<float>(box_.offset)})
                     : rounded(DoubleProducts{1 / box_.divisor, box_.offset});
    }
#endif
  if constexpr (!kIntegers<T>)
    if (box_.out.type == kDataType<T>) {
      const T divisor = static_cast<T>(box_.divisor), offset = static_cast<T>(box_.offset);
      if (divisor == 1 && offset == 0) return finished(T{}, store<T>);
      if (is_fused_) return finished(T{}, Quotients<T>{divisor, 1 / divisor, offset});
    }
  const long bytes = static_cast<long>(size_of(box_.out.type));
  for (long x = 0; x < elements; x += chunk_) {
    T* const sums = room.finished.get();
    windows(x, sums, store_lanes<T>);
    for (long i = x; i < std::min(x + chunk_, elements); i += kChunk)
      write_quotients(sums + i - x, std::min({kChunk, x + chunk_ - i, elements - i}),
                      static_cast<char*>(row) + i * bytes);
  }
  box_.kept.put(box_.out, plane, y, 0, box_.out.width);
}

template <class T>
void BoxSums<T>::run_rows(long plane, long first, long last) const {
  constexpr long kLine = 64 / sizeof(T);
  const long height = box_.height, pitch = row_pitch<T>(elements_);
  const Room room(*this);
  // Rows of sums, extended; the source's own columns begin on a cache line.
  const long own = own_.first * channels_, columns = box_.columns.size * channels_;
  const long lead = -own & (kLine - 1), wide = row_pitch<T>(lead + columns + kWidth<T>);
  long at_once = kRowsAtOnce; // a power of two
  while (at_once > 1 && (at_once * wide > kElementsAtOnce || at_once >= 2 * (last - first)))
    at_once /= 2;
  Buffer<T> extended(at_once * wide), aside(is_whole_ ? 0 : at_once * pitch);
  auto extended_row = [&](long i) { return extended.get() + i * wide + lead; };
  auto sums_row = [&](long i) {
    return is_whole_ ? extended_row(i) + own : aside.get() + i * pitch;
  };
  for (long i = 0; i < at_once; i++) std::fill_n(extended_row(i) + columns, kWidth<T>, T(0));
  long held = 0, y = first;
  auto flush = [&] {
    for (long i = 0; i < held; i++) extend(sums_row(i), extended_row(i));
    for (long i = 0; i < held; i++) write(extended_row(i), plane, y + i, room);
    y += held;
    held = 0;
  };
  // Where the sums of the next row go. Those of the row before it stay.
  auto next = [&] {
    if (held == at_once) flush();
    return sums_row(held++);
  };
  Buffer<T> zeros(pitch);
  std::fill_n(zeros.get(), elements_, T(0));
  if (height == 1) {
    for (long row = first; row < last; row++) add_row(plane, row, zeros.get(), next());
    return flush();
  }
  if (kIntegers<T>) {
    const T* before = next();
    T* const sums = sums_row(0);
    add_row(plane, first, zeros.get(), sums);
    for (long i = 1; i < height; i++) add_row(plane, first + i, sums, sums);
    for (long row = first; row + 1 < last; row++) {
      T* const to = next();
      replace_row(plane, row + height, row, before, to);
      before = to;
    }
    return flush();
  }
  if (height <= kFewRows) {
    const T* rows[kFewRows + kSharing];
    T* to[kSharing];
    for (long row = first, count; row < last; row += count) {
      count = std::min({kSharing, height, at_once, last - row});
      const bool are_there = find_rows(plane, row, height + count - 1, rows);
      if (!are_there) count = 1;
      if (held + count > at_once) flush();
      for (long i = 0; i < count; i++) to[i] = next();
      if constexpr (!kIntegers<T>)
        if (are_there) {
          add_rows(rows, height, elements_, to, count);
          continue;
        }
      add_row(plane, row, zeros.get(), to[0]);
      for (long i = 1; i < height; i++) add_row(plane, row + i, to[0], to[0]);
    }
    return flush();
  }
  // ends[i]: the sum of the rows from i to the end of the block. Of many rows, that are stretches
  // of them and the beginning of one more.
  const long kept = std::min(height, last - first);
  const bool is_high = height > kStretch;
  Buffer<T> ends(kept * pitch), beginning(pitch), stretches(pitch);
  auto begin = [&](const T* sums) {
    std::copy_n(sums, elements_, stretches.get());
    std::fill_n(beginning.get(), elements_, T(0));
  };
  for (long block = first; block < last; block += height) {
    const long rows = std::min(height, last - block);
    // Windows of the last block may need its end only from some row on.
    const T* below = zeros.get();
    begin(below);
    for (long i = height - 1; i >= 0; i--) {
      T* const to = ends.get() + std::min(i, kept - 1) * pitch;
      if (!is_high)
        add_row(plane, block + i, below, to);
      else
        grow_by_row(plane, block + i, stretches.get(), beginning.get(), to);
      below = to;
      if (is_high && (height - i) % kStretch == 0) begin(to);
    }
    std::copy_n(ends.get(), elements_, next());
    begin(zeros.get());
    for (long i = 1; i < rows; i++) {
      const long row = block + height + i - 1;
      const T* const end = ends.get() + i * pitch;
      if (!is_high) {
        grow_by_row(plane, row, end, beginning.get(), next());
        continue;
      }
      grow_stretch_by_row(plane, row, stretches.get(), end, beginning.get(), next());
      if (i % kStretch == 0) {
        add(stretches.get(), beginning.get(), elements_, stretches.get());
        std::fill_n(beginning.get(), elements_, T(0));
      }
    }
  }
  flush();
}

template <class T>
void BoxSums<T>::run() const {
  const OutArray& out = box_.out;
  const double work = static_cast<double>(out.planes * out.height) *
                      static_cast<double>(std::max(out.row_elements(), elements_));
  const int threads = static_cast<int>(
      std::clamp(work * sizeof(T) / kThreadBytes, 1.0, static_cast<double>(box_.threads)));
  // Each strip sums up its first window anew.
  const long most = std::max(1L, out.height / std::max(8L, box_.height / 2));
  const long wanted = threads == 1                              ? 1
                      : out.height >= 8 * threads * box_.height ? 2 * threads
                                                                : threads;
  const long strips = std::min((wanted + out.planes - 1) / out.planes, most);
  const long units = out.planes * strips;
  run_threads(threads, [&](int t) {
    for (long i = units * t / threads; i < units * (t + 1) / threads; i++) {
      const long s = i % strips;
      run_rows(i / strips, out.height * s / strips, out.height * (s + 1) / strips);
    }
  });
}

// Whether sums of bytes or words, and of fills, are less than `limit`.
bool sums_fit(const Box& box, double limit) {
  const double largest = largest_of(box.source.type);
  const double n = static_cast<double>(box.height) * static_cast<double>(box.width);
  return rounds(box.source.type) && n * largest < limit && box.fill >= 0 && box.fill <= largest &&
         box.fill == std::floor(box.fill);
}

} // namespace

void sum_boxes(const Box& box) {
  if (sums_fit(box, 1 << 16))
    BoxSums<uint16_t>(box).run();
  else if (sums_fit(box, 1L << 31))
    BoxSums<int32_t>(box).run();
  else if (box.source.type == DataType::f32)
    BoxSums<float>(box).run();
  else
    BoxSums<double>(box).run();
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
