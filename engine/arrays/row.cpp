// A single row has no neighbours to share its loads with: a tile of 1 x 12 registers needs 13
// loads, most of them across two cache lines, for 12 multiplications. So a long kernel is folded:
// tap q * B + s of output r * B + x reads in[(q + r) * B + x + s], which is a plane of rows B apart
// under a kernel of rows of B taps. What is left of the kernel, fewer than B taps, is summed first.
#include "arrays/row.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr int kRows = kMostTileRows;

} // namespace

template <class T>
RowTaps<T>::RowTaps(const T* kernel, long width, long step)
    : kernel_(kernel), width_(width), step_(step), rows_(width / kFold<T>) {
  if (width >= kFoldedTaps<T>) folded_ = pack_weights(kernel, 1, rows_, kFold<T>, kRows);
}

template <class T>
TapSums<T> RowTaps<T>::taps(const T* const* rows, const T* weights, long width, T start) const {
  return {rows, weights, 1, 1, width, step_, start};
}

template <class T>
void RowTaps<T>::run(const T* in, T start, T* out, long elements) const {
  long blocks = 0;
  const long row = kFold<T> * step_, block = kRows * row, folded = rows_ * kFold<T>;
  if (!folded_.empty()) {
    std::vector<const T*> rows(rows_ + kRows - 1);
    T* outs[kRows];
    TapSums<T> sums{rows.data(), folded_.data(), 1, rows_, kFold<T>, step_, start, true};
    for (; elements >= block; elements -= block, in += block, out += block, blocks++) {
      const T* remainder = in + rows_ * row;
      sum_taps(taps(&remainder, kernel_ + folded, width_ - folded, start), 1, &out, block);
      for (size_t i = 0; i < rows.size(); i++) rows[i] = in + static_cast<long>(i) * row;
      for (int r = 0; r < kRows; r++) outs[r] = out + r * row;
      sum_taps(sums, kRows, outs, row);
    }
  }
  if (elements == 0) return;
  if (elements < kWidth<T> && blocks > 0) { // reach back over elements that are done
    in -= kWidth<T> - elements;
    out -= kWidth<T> - elements;
    elements = kWidth<T>;
  }
  sum_taps(taps(&in, kernel_, width_, start), 1, &out, elements);
}

template class RowTaps<float>;
template class RowTaps<double>;

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
