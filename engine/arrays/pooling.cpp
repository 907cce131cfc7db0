// Definition: max_pool, avg_pool, sum_pool.
// Test: tests/engine/arrays/test_pooling.py.
//
// Pooling of planes; see pooling.h. The rows of a window are combined first, whole registers at a
// time, which leaves one row of elements; then its columns. Where the index of the maximum is asked
// for, windows are walked element by element instead.
//
// Floats are summed in blocks, of kSumRows rows and of kSumColumns columns, and the sums of blocks
// by pairs: a sum of n elements is off by 128 + log2(n) roundings of the sum of their magnitudes at
// most (N. Higham, The accuracy of floating point summation, 1993), where a plain sum is off by n:
// one of 2^25 ones in float32 stops at 2^24.
#include "arrays/pooling.h"

#include <algorithm>
#include <stdexcept>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr long kSumRows = 32, kSumColumns = 64;
// Source elements that are worth a thread.
constexpr long kThreadElements = 1 << 15;

// The elements of a window, along one axis, that lie in the source.
struct Span {
  long first, last;
  long size() const { return last - first; }
};
Span span(long at, long stride, long padding, long kernel, long size) {
  const long first = at * stride - padding;
  return {std::max(first, 0L), std::min(first + kernel, size)};
}

template <class T>
bool exceeds(T a, T b) {
  return a > b || (a != a && b == b); // NaN exceeds everything
}

struct Max {
  static constexpr bool kPairwise = false;
  template <class T>
  static T combine(T a, T b) {
    return exceeds(b, a) ? b : a;
  }
  template <class V>
  static V combine_registers(V a, V b) {
    return (a > b) | (a != a) ? a : b; // b if it is NaN, as both comparisons are false
  }
};
struct Sum {
  static constexpr bool kPairwise = true;
  template <class T>
  static T combine(T a, T b) {
    return a + b;
  }
  static int64_t combine(int64_t a, int64_t b) {
    if (__builtin_add_overflow(a, b, &a)) throw std::overflow_error("a sum does not fit int64");
    return a;
  }
  template <class V>
  static V combine_registers(V a, V b) {
    return a + b;
  }
};

// By registers of N elements, and what is left by smaller ones: rows of images are short.
template <class Op, int N, class T>
void combine_rows(const T* a, const T* b, long n, T* to) {
  if constexpr (N == 1 || !std::is_floating_point_v<T>) {
    for (long i = 0; i < n; i++) to[i] = Op::combine(a[i], b[i]);
  } else {
    typedef T Numbers __attribute__((vector_size(N * sizeof(T))));
    long i = 0;
    for (; i + N <= n; i += N) {
      Numbers x, y;
      std::memcpy(&x, a + i, sizeof x);
      std::memcpy(&y, b + i, sizeof y);
      x = Op::combine_registers(x, y);
      std::memcpy(to + i, &x, sizeof x);
    }
    combine_rows<Op, N / 2>(a + i, b + i, n - i, to + i);
  }
}

// Every second element of two registers, from the first or the second on.
template <int First, class V, int... I>
V every_second(V a, V b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (2 * I + First)...);
}

// A register of windows of columns [first, last), Stride apart.
template <class Op, long Stride, class T>
inline Vec<T> combine_few_columns(const T* row, long first, long last) {
  using Lanes = std::make_integer_sequence<int, kWidth<T>>;
  auto elements = [&](long j) {
    if constexpr (Stride == 1)
      return load(row + j);
    else // no element behind the last window is read
      return every_second<1>(load(row + j - 1), load(row + j - 1 + kWidth<T>), Lanes{});
  };
  Vec<T> result;
  if (Stride == 1 || first > 0)
    result = elements(first);
  else
    result = every_second<0>(load(row), load(row + kWidth<T>), Lanes{});
  for (long j = first + 1; j < last; j++) result = Op::combine_registers(result, elements(j));
  return result;
}
template <class Op, long Stride, class T>
Vec<T> combine_many_columns(const T* row, long first, long last) {
  if (last - first <= kSumColumns) return combine_few_columns<Op, Stride>(row, first, last);
  const long half = (first + last) / 2;
  return Op::combine_registers(combine_many_columns<Op, Stride>(row, first, half),
                               combine_many_columns<Op, Stride>(row, half, last));
}
// Elements from the first window on that a register of them reads, behind the last window's
// included.
template <class T>
long window_extent(long stride, long kernel) {
  return stride * kWidth<T> + kernel;
}

// `columns` makes the results of a register of windows.
template <long Stride, class T, class F>
inline void combine_inner(const T* row, long n, T* out, F columns) {
  if (n < kWidth<T>) { // the caller has room behind the row
    const Vec<T> few = columns(row);
    std::memcpy(out, &few, n * sizeof(T));
    return;
  }
  for (long x = 0; x < n; x += kWidth<T>) {
    x = std::min(x, n - kWidth<T>); // the last may do windows again
    store(out + x, columns(row + x * Stride));
  }
}
template <class Op, long Stride, class T>
void combine_inner(const T* row, long kernel, long n, T* out) {
  if (Op::kPairwise && kernel > kSumColumns)
    combine_inner<Stride>(row, n, out, [=](const T* first) {
      return combine_many_columns<Op, Stride>(first, 0, kernel);
    });
  else
    combine_inner<Stride>(row, n, out, [=](const T* first) {
      return combine_few_columns<Op, Stride>(first, 0, kernel);
    });
}

template <class Op, class T>
inline T combine_few(const T* row, Span s) {
  T result = row[s.first];
  for (long j = s.first + 1; j < s.last; j++) result = Op::combine(result, row[j]);
  return result;
}
// By registers, and by pairs of halves that are whole registers.
template <class T>
T sum_many(const T* row, Span s) {
  if (s.size() > kSumColumns * kWidth<T>) {
    const long half = s.first + s.size() / 2 / kWidth<T> * kWidth<T>;
    return sum_many(row, {s.first, half}) + sum_many(row, {half, s.last});
  }
  Vec<T> lanes{};
  for (; s.first + kWidth<T> <= s.last; s.first += kWidth<T>) lanes += load(row + s.first);
  T result = 0;
  for (int i = 0; i < kWidth<T>; i++) result += lanes[i];
  return s.first < s.last ? result + combine_few<Sum>(row, s) : result;
}
template <class Op, class T>
inline T combine_span(const T* row, Span s) {
  if constexpr (Op::kPairwise && std::is_floating_point_v<T>)
    if (s.size() > kSumColumns) return sum_many(row, s);
  return combine_few<Op>(row, s);
}

// Rows [first, last) of a plane into one, which is `to` if there are two or more.
template <class Op, class T>
inline const T* combine_few_rows(const T* source, long width, long first, long last, T* to) {
  const T* row = source + first * width;
  for (long i = first + 1; i < last; i++) {
    combine_rows<Op, kWidth<T>>(row, source + i * width, width, to);
    row = to;
  }
  return row;
}
// Behind `to` there is room for halving_rows() more.
template <class Op, class T>
void combine_many_rows(const T* source, long width, long pitch, long first, long last, T* to) {
  if (last - first <= kSumRows) {
    combine_few_rows<Op>(source, width, first, last, to);
    return;
  }
  const long half = (first + last) / 2;
  combine_many_rows<Op>(source, width, pitch, first, half, to);
  combine_many_rows<Op>(source, width, pitch, half, last, to + pitch);
  combine_rows<Op, kWidth<T>>(to, to + pitch, width, to);
}
// How often a window's rows are halved.
long halving_rows(long rows) {
  long halvings = 0;
  for (; rows > kSumRows; rows = (rows + 1) / 2) halvings++;
  return halvings;
}

template <class T>
long scratch_pitch(const Pooling& p) {
  return p.width + window_extent<T>(p.stride_x, p.kernel_width);
}

// One output row; `scratch` holds a source row, and zeros up to the extent of a register of
// windows.
template <class Op, class T>
void pool_row(const Pooling& p, const T* source, long y, T* scratch, T* out) {
  const Span rows = span(y, p.stride_y, p.top, p.kernel_height, p.height);
  const T* row = source + rows.first * p.width;
  if (Op::kPairwise && std::is_floating_point_v<T> && rows.size() > kSumRows) {
    combine_many_rows<Op>(source, p.width, scratch_pitch<T>(p), rows.first, rows.last, scratch);
    row = scratch;
  } else {
    row = combine_few_rows<Op>(source, p.width, rows.first, rows.last, scratch);
  }
  auto columns = [&](long x) { return span(x, p.stride_x, p.left, p.kernel_width, p.width); };
  // Windows [first, last) reach no padding.
  const long first = (p.left + p.stride_x - 1) / p.stride_x;
  const long room = p.width + p.left - p.kernel_width;
  const long last = room < 0 ? 0 : std::min(room / p.stride_x + 1, p.out_width);
  long x = 0;
  auto up_to = [&](long end) {
    for (; x < end; x++) out[x] = combine_span<Op>(row, columns(x));
  };
  if constexpr (std::is_floating_point_v<T>)
    if (const long n = last - first; n > 1 && p.stride_x <= std::min(2L, p.kernel_width)) {
      up_to(first);
      if (n < kWidth<T> && row != scratch) row = std::copy_n(row, p.width, scratch) - p.width;
      const T* elements = row + first * p.stride_x - p.left;
      if (p.stride_x == 1)
        combine_inner<Op, 1>(elements, p.kernel_width, n, out + first);
      else
        combine_inner<Op, 2>(elements, p.kernel_width, n, out + first);
      x = last;
    }
  up_to(p.out_width);
  if (p.kind == PoolKind::avg)
    for (x = 0; x < p.out_width; x++) out[x] /= static_cast<T>(p.kernel_height * p.kernel_width);
  else if (p.kind == PoolKind::avg_without_padding)
    for (x = 0; x < p.out_width; x++) out[x] /= static_cast<T>(rows.size() * columns(x).size());
}

// One output row of maxima and their indices.
template <class T>
void find_row(const Pooling& p, const T* source, long y, T* out, int64_t* indices) {
  const Span rows = span(y, p.stride_y, p.top, p.kernel_height, p.height);
  for (long x = 0; x < p.out_width; x++) {
    const Span columns = span(x, p.stride_x, p.left, p.kernel_width, p.width);
    long best = rows.first * p.width + columns.first;
    for (long i = rows.first; i < rows.last; i++)
      for (long at = i * p.width + columns.first; at < i * p.width + columns.last; at++)
        if (exceeds(source[at], source[best])) best = at;
    out[x] = source[best];
    indices[x] = best;
  }
}

} // namespace

template <class T>
void pool(const Pooling& p, const T* source, T* out, int64_t* indices) {
  const long rows = p.planes * p.out_height;
  // Sums of integers may throw, which only the calling thread may do.
  const bool alone = std::is_same_v<T, int64_t> && p.kind != PoolKind::max;
  const long worth = alone ? 1 : p.planes * p.height * p.width / kThreadElements;
  const int threads = static_cast<int>(std::clamp<long>(worth, 1, p.threads));
  run_threads(threads, [&](int t) {
    const long more = halving_rows(std::min(p.kernel_height, p.height));
    Buffer<T> scratch((1 + more) * scratch_pitch<T>(p));
    std::fill_n(scratch.get() + p.width, window_extent<T>(p.stride_x, p.kernel_width), T(0));
    for (long i = rows * t / threads; i < rows * (t + 1) / threads; i++) {
      const long plane = i / p.out_height, y = i % p.out_height;
      const T* from = source + plane * p.height * p.width;
      T* to = out + i * p.out_width;
      if (indices)
        find_row(p, from, y, to, indices + i * p.out_width);
      else if (p.kind == PoolKind::max)
        pool_row<Max>(p, from, y, scratch.get(), to);
      else
        pool_row<Sum>(p, from, y, scratch.get(), to);
    }
  });
}

template void pool(const Pooling&, const float*, float*, int64_t*);
template void pool(const Pooling&, const double*, double*, int64_t*);
template void pool(const Pooling&, const int64_t*, int64_t*, int64_t*);
template void pool(const Pooling&, const uint8_t*, uint8_t*, int64_t*);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
