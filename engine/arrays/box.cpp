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
//   height (M. van Herk, A fast algorithm for local minimum and maximum filters, 1992).
// - Along: sums of 2, 4, 8, ... neighbours, of which those that are bits of the width are added up:
//   2 log2(width) additions of whole registers. A running sum would need one an element only, but
//   one after the other. Integers take differences of prefix sums.
#include "arrays/box.h"

#include <algorithm>
#include <cmath>

#include "arrays/strips.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

template <>
struct Register<uint16_t> {
  typedef uint16_t type __attribute__((vector_size(kLanes * 4)));
};

namespace {

// Elements that are worth a thread.
constexpr double kThreadElements = 1 << 16;
// Results at a time along a row: what is read and made of them fits the first-level cache.
constexpr long kChunk = 2048;
constexpr long kLongRun = 32;   // elements that are worth a copy
constexpr long kFewColumns = 8; // that are added up as they are

template <class T>
inline constexpr bool kIntegers = std::is_integral_v<T>;

// Which elements a sum in T is made of.
template <class T, class From>
inline constexpr bool kSums =
    kIntegers<T> ? sizeof(From) <= 2
                 : std::is_same_v<T, From> || (sizeof(T) == 8 && std::is_integral_v<From>);

// to = a + b; to may be b.
template <class From, class T>
void add(const From* a, const T* b, long n, T* to) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++) to[i] = b[i] + static_cast<T>(a[i]);
}
template <class From, class T>
void replace(const From* enters, const From* leaves, long n, T* to) {
#pragma GCC ivdep
  for (long i = 0; i < n; i++) to[i] += static_cast<T>(enters[i]) - static_cast<T>(leaves[i]);
}

// out[x] = a[x] + a[x + step] + ..., `width` terms, x < n. A register behind a, out and scratch may
// be read and written; scratch holds n + (width - 1) * step elements.
template <class T>
void add_neighbours(const T* a, long n, long width, long step, T* out, T* scratch) {
  constexpr long W = kWidth<T>;
  if (width <= kFewColumns) {
    for (long x = 0; x < n; x += W) {
      Vec<T> sum = load(a + x);
      for (long j = 1; j < width; j++) sum += load(a + x + j * step);
      store(out + x, sum);
    }
    return;
  }
  const T* sums = a; // of `size` neighbours
  long done = 0;     // neighbours that are in out
  for (long size = 1;; size *= 2) {
    if (width & size) {
      const T* from = sums + done * step;
      if (done)
        for (long x = 0; x < n; x += W) store(out + x, load(out + x) + load(from + x));
      else
        for (long x = 0; x < n; x += W) store(out + x, load(from + x));
      done += size;
    }
    if (2 * size > width) return;
    // In ascending order, so that sums may be overwritten.
    const long next = n + (width - 2 * size) * step, distance = size * step;
    for (long x = 0; x < next; x += W)
      store(scratch + x, load(sums + x) + load(sums + x + distance));
    sums = scratch;
  }
}

// The same for integers: differences of prefix sums, modulo 2^16 or 2^32, which no window exceeds.
// A register's prefix sums take log2 of its lanes shifts and additions; `step` is Step, so that the
// lanes of a channel stay its own if a register ends with a whole element.
template <int Step, class T, int... I>
void add_running(const T* a, long n, long width, T* out, T* scratch,
                 std::integer_sequence<int, I...>) {
  typedef std::make_unsigned_t<T> Lanes __attribute__((vector_size(kLanes * 4)));
  constexpr int W = sizeof...(I), kUsed = W / Step * Step;
  auto read = [](const T* p) {
    Lanes v;
    std::memcpy(&v, p, sizeof v);
    return v;
  };
  auto shifted = [](Lanes v, auto by) {
    constexpr int kBy = decltype(by)::value;
    return __builtin_shufflevector(v, Lanes{}, (I >= kBy ? I - kBy : W)...);
  };
  Lanes before{};
  T* const prefix = scratch + Step; // of the elements up to one
  std::fill_n(scratch, Step, T(0));
  const long total = n + (width - 1) * Step;
  for (long x = 0; x < total; x += kUsed) {
    Lanes v = read(a + x);
    [&]<int... S>(std::integer_sequence<int, S...>) {
      auto fold = [&](auto by) {
        if constexpr (decltype(by)::value < kUsed) v += shifted(v, by);
      };
      (fold(std::integral_constant<int, Step << S>{}), ...);
    }(std::make_integer_sequence<int, 6>{});
    v += before;
    std::memcpy(prefix + x, &v, sizeof v);
    before = __builtin_shufflevector(v, v, (kUsed - Step + I % Step)...);
  }
  for (long x = 0; x < n; x += W) {
    const Lanes v = read(prefix + x + (width - 1) * Step) - read(scratch + x);
    std::memcpy(out + x, &v, sizeof v);
  }
}
template <class T>
void add_row_of_windows(const T* a, long n, long width, long step, T* out, T* scratch) {
  if constexpr (std::is_integral_v<T>)
    if (width > kFewColumns) {
      constexpr auto lanes = std::make_integer_sequence<int, kWidth<T>>{};
      switch (step) {
      case 1:
        return add_running<1>(a, n, width, out, scratch, lanes);
      case 2:
        return add_running<2>(a, n, width, out, scratch, lanes);
      case 3:
        return add_running<3>(a, n, width, out, scratch, lanes);
      case 4:
        return add_running<4>(a, n, width, out, scratch, lanes);
      }
    }
  add_neighbours(a, n, width, step, out, scratch);
}

bool rounds(DataType out) { return out == DataType::u8 || out == DataType::u16; }
double largest_of(DataType type) { return type == DataType::u8 ? 255 : 65535; }

template <class T>
class BoxSums {
 public:
  explicit BoxSums(const Box& box);
  void run() const;

 private:
  void run_rows(long plane, long first, long last) const;
  // One row of the output.
  struct Buffers {
    explicit Buffers(const BoxSums& b)
        : sums(b.chunk_ + kWidth<T>), scratch(b.chunk_ + b.more_ + b.channels_ + 3 * kWidth<T>) {}
    Buffer<T> sums, scratch;
  };
  void write(const T* extended, long plane, long y, const Buffers& buffers) const;
  void write_quotients(const T* sums, long n, char* to) const;

  // to = b + a row of the extended source.
  void add_row(long plane, long row, const T* b, T* to) const {
    const long from = box_.rows.at[row];
    if (from < 0) {
      for (long i = 0; i < elements_; i++) to[i] = b[i] + fill_;
      return;
    }
    with_type(box_.source.type, [&](auto zero) {
      using From = decltype(zero);
      if constexpr (kSums<T, From>)
        add(static_cast<const From*>(box_.source.row(plane, from)), b, elements_, to);
    });
  }
  void replace_row(long plane, long enters, long leaves, T* to) const {
    const long in = box_.rows.at[enters], out = box_.rows.at[leaves];
    if (in < 0 || out < 0) {
      Buffer<T> zero(elements_ + kWidth<T>), left(elements_ + kWidth<T>);
      std::fill_n(zero.get(), elements_, T(0));
      add_row(plane, leaves, zero.get(), left.get());
      add_row(plane, enters, to, to);
      for (long i = 0; i < elements_; i++) to[i] -= left.get()[i];
      return;
    }
    with_type(box_.source.type, [&](auto zero) {
      using From = decltype(zero);
      if constexpr (kSums<T, From>)
        replace(static_cast<const From*>(box_.source.row(plane, in)),
                static_cast<const From*>(box_.source.row(plane, out)), elements_, to);
    });
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
    return;
  }
  // A mean v of n integers is at least 1 / (2 n) away from a half that it is not, and in floats its
  // quotient is off by v / 2^24 at most, its product with 1 / n by v / 2^23 and an offset's
  // rounding. There are halves to be met exactly only if n is even, and then a division does.
  const double n = static_cast<double>(box.height) * static_cast<double>(box.width);
  const double largest = n * (largest_of(box.source.type) + std::abs(box.offset));
  const bool is_odd = box.divisor == n && std::fmod(n, 2) == 1;
  narrow_ = !rounds(box.out.type) || largest < (!is_odd           ? 1 << 23
                                                : box.offset == 0 ? 1 << 22
                                                                  : 1 << 21);
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
  if constexpr (sizeof(T) == 2)
    if (reciprocal_) {
      const uint16_t half = static_cast<uint16_t>(box_.divisor / 2), m = reciprocal_;
      const int shift = shift_;
      uint8_t* bytes = reinterpret_cast<uint8_t*>(to);
      alignas(64) uint16_t means[kChunk]; // in two steps, which GCC makes whole registers of
      for (long i = 0; i < n; i++) {
        const uint16_t dividend = static_cast<uint16_t>(sums[i] + half);
        const uint16_t high = static_cast<uint16_t>((static_cast<uint32_t>(dividend) * m) >> 16);
        means[i] = static_cast<uint16_t>(high >> shift);
      }
#pragma GCC ivdep
      for (long i = 0; i < n; i++) bytes[i] = static_cast<uint8_t>(means[i]);
      return;
    }
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
void BoxSums<T>::write(const T* extended, long plane, long y, const Buffers& buffers) const {
  char* to = static_cast<char*>(box_.out.row(plane, y));
  const long bytes = static_cast<long>(size_of(box_.out.type));
  const long elements = box_.out.row_elements();
  for (long x = 0; x < elements; x += chunk_) {
    const long end = std::min(x + chunk_, elements);
    T* sums = buffers.sums.get();
    add_row_of_windows(extended + x, end - x, box_.width, channels_, sums, buffers.scratch.get());
    for (long i = x; i < end; i += kChunk)
      write_quotients(sums + i - x, std::min(kChunk, end - i), to + i * bytes);
  }
  box_.kept.put(box_.out, plane, y, 0, box_.out.width);
}

template <class T>
void BoxSums<T>::run_rows(long plane, long first, long last) const {
  const long height = box_.height, pitch = row_pitch<T>(elements_);
  Buffer<T> extended(box_.columns.size * channels_ + 2 * kWidth<T>);
  std::fill_n(extended.get(), box_.columns.size * channels_ + 2 * kWidth<T>, T(0));
  Buffer<T> aside(is_whole_ ? 0 : pitch);
  T* const sums = is_whole_ ? extended.get() + own_.first * channels_ : aside.get();
  const Buffers buffers(*this);
  auto output = [&](long y) {
    extend(sums, extended.get());
    write(extended.get(), plane, y, buffers);
  };
  Buffer<T> zeros(pitch);
  std::fill_n(zeros.get(), elements_, T(0));
  if (height == 1) {
    for (long y = first; y < last; y++) {
      add_row(plane, y, zeros.get(), sums);
      output(y);
    }
    return;
  }
  if (kIntegers<T>) {
    std::fill_n(sums, elements_, T(0));
    for (long i = 0; i < height; i++) add_row(plane, first + i, sums, sums);
    for (long y = first;; y++) {
      output(y);
      if (y + 1 == last) return;
      replace_row(plane, y + height, y, sums);
    }
  }
  // ends[i]: the sum of the rows from i to the end of the block.
  const long kept = std::min(height, last - first);
  Buffer<T> ends(kept * pitch), beginning(pitch);
  for (long block = first; block < last; block += height) {
    const long rows = std::min(height, last - block);
    // Windows of the last block may need its end only from some row on.
    T* below = zeros.get();
    for (long i = height - 1; i >= 0; i--) {
      T* to = i < kept ? ends.get() + i * pitch : ends.get() + (kept - 1) * pitch;
      add_row(plane, block + i, below, to);
      below = to;
    }
    std::copy_n(ends.get(), elements_, sums);
    output(block);
    const T* before = zeros.get();
    for (long i = 1; i < rows; i++) {
      add_row(plane, block + height + i - 1, before, beginning.get());
      before = beginning.get();
      add(before, ends.get() + i * pitch, elements_, sums);
      output(block + i);
    }
  }
}

template <class T>
void BoxSums<T>::run() const {
  const OutArray& out = box_.out;
  const double work = static_cast<double>(out.planes * out.height) *
                      static_cast<double>(std::max(out.row_elements(), elements_));
  const int threads =
      static_cast<int>(std::clamp(work / kThreadElements, 1.0, static_cast<double>(box_.threads)));
  // Each strip sums up its first window anew.
  const long most = std::max(1L, out.height / std::max(8L, box_.height / 2));
  const long strips =
      std::min(threads == 1 ? 1L : (2L * threads + out.planes - 1) / out.planes, most);
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
