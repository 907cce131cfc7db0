// Sums of as many floats as an image or a score has, whose rounding does not grow with their
// number: blocks of kSumBlock are summed one after another, and the sums of blocks with what
// their additions lose, so that at most kSumBlock + 2 roundings of 2^-24 add up, however many
// floats there are (N. Higham, The accuracy of floating point summation, 1993).
#pragma once

#include "network/layout.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

inline constexpr int kSumBlock = 256;

// Over the lanes that hold an image; the others may hold anything.
inline double masked_sum(vec v, ivec lane_mask) {
  v = select(lane_mask, v, vec{});
  double total = 0;
  for (int lane = 0; lane < kLanes; lane++) total += v[lane];
  return total;
}

// What an addition rounds off is taken from the next (Kahan), unless it is that of an infinity. The
// compiler may not reorder: there is no -ffast-math.
class CompensatedSum {
 public:
  void add(vec v) {
    const vec corrected = v - excess_, sum = total_ + corrected;
    const vec excess = (sum - total_) - corrected;
    excess_ = select(excess == excess, excess, vec{});
    total_ = sum;
  }
  vec total() const { return total_; }

 private:
  vec total_{}, excess_{};
};

// One value after another.
class BlockedSum {
 public:
  void add(vec v) {
    block_ += v;
    if (++count_ % kSumBlock == 0) blocks_.add(block_), block_ = vec{};
  }
  vec total() const { return blocks_.total() + block_; }

 private:
  CompensatedSum blocks_;
  vec block_{};
  unsigned count_ = 0;
};

// Adds N sums over i < count at once to `totals`: f(i, sums) adds its summands to sums[0] to
// sums[N - 1]. Two sums take turns, which hides half of the latency of an addition.
template <int N, class F>
inline void add_blocks(int count, CompensatedSum (&totals)[N], F f) {
  for (int begin = 0; begin < count; begin += kSumBlock) {
    vec even[N]{}, odd[N]{};
    const int end = begin + kSumBlock < count ? begin + kSumBlock : count;
    int i = begin;
    for (; i + 1 < end; i += 2) {
      f(i, even);
      f(i + 1, odd);
    }
    if (i < end) f(i, even);
    for (int n = 0; n < N; n++) totals[n].add(even[n] + odd[n]);
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
