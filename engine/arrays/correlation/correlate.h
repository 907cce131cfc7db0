// Correlation of planes with kernels: directly, separably, by Fourier transforms, or exactly in
// integers. Whoever calls has checked sizes and indices.
#pragma once

#include "arrays/extension.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

struct Correlation {
  SourceArray source;
  OutArray out;
  IndexList rows, columns;
  ColumnMap map; // of columns
  int threads;
  KeptChannel kept{};
};

// Each output plane is a sum of terms: a kernel over a plane of the source, or over fill (-1).
template <class T>
struct Terms {
  const T* kernels; // (count, height, width)
  long count, height, width;
  const int32_t* planes; // (output planes, count)
};

// T is float or double: the arithmetic. out + offset is rounded and saturated if out is unsigned.
template <class T>
void correlate(const Correlation& c, const Terms<T>& terms, T fill, T offset);

// Sums of terms that are a column times a row each, over the output's own plane.
template <class T>
struct SeparableTerms {
  const T *vertical, *horizontal; // (count, height), (count, width)
  long count, height, width;
};
template <class T>
void correlate_separable(const Correlation& c, const SeparableTerms<T>& terms, T fill, T offset);

// By Fourier transforms of overlapping tiles (overlap-save), each a power of two of elements a
// side. A tile of height 1 is a stretch of one row, for kernels of one row.
struct TileSize {
  long height, width;
};
// Sides of a tile, and of a tile of height 1.
inline constexpr long kShortestTile = 16, kLongestTile = 1 << 24, kShortestLine = 256;
struct TilePosition {
  long plane, row, column; // of its first result
};
// Returns the tiles whose results are not to be trusted, as not all they read, or made of it, was
// finite.
template <class T>
std::vector<TilePosition> correlate_fft(const Correlation& c, const Terms<T>& terms, TileSize tile,
                                        T fill, T offset);
// The same under kernels of one column, over one channel: each column of a tile by itself.
template <class T>
std::vector<TilePosition> correlate_columns(const Correlation& c, const Terms<T>& terms,
                                            TileSize tile, T fill, T offset);

// As correlate, of the results at `count` positions of `out`, counted in its elements. The source
// is of T, and so is out.
template <class T>
void correlate_at(const Correlation& c, const Terms<T>& terms, T fill, T offset,
                  const int64_t* positions, long count);

// In 128 bits; throws std::overflow_error where a result is not an int64.
void correlate_exact(const Correlation& c, const Terms<int64_t>& terms, int64_t fill);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
