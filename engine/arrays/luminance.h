// The luma of RGB pixels, and a change of it put back into all three colours.
#pragma once

#include "arrays/extension.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// n pixels of From, three elements each. T is the arithmetic: float for uint8 and float, double for
// uint16 and double.
template <class From, class T>
void take_luma(const From* pixels, long n, T* luma, int threads);

// out = pixels + (luma - theirs), rounded half to even and saturated if Out is unsigned.
template <class From, class T, class Out>
void put_luma(const From* pixels, const T* luma, long n, Out* out, int threads);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
