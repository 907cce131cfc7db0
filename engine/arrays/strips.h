// Work on planes cut into units that threads take: strips of output rows, by panels of columns
// narrow enough for the rows of a window to stay in cache.
#pragma once

#include <functional>
#include <vector>

#include "arrays/extension.h"
#include "arrays/tile.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

struct Panel {
  long first, last; // output columns
  bool in_place;    // the window's columns can be read where they are
};
struct Strip {
  long plane, first_row, last_row;
  Panel panel;
};

struct Geometry {
  long planes, height, width; // of the output
  long kernel_height, kernel_width;
  int tile_rows;
  long input_rows;  // that a tile of a term reads
  long cached_rows; // rows of a panel that are read again and again
  double work;      // multiplications of the whole

  // A sum of so many terms, at so many multiplications a result.
  Geometry(const OutArray& out, long terms, long kernel_height, long kernel_width, long products);
};

template <class T>
std::vector<Panel> cut_panels(const Extension<T>& extension, const Geometry& g);

// Calls f(strip) for all, on as many threads as that much work is worth, at most `threads`.
// Strips have at least tile_rows rows each and do not overlap.
void for_each_strip(const Geometry& g, const std::vector<Panel>& panels, int threads,
                    const std::function<void(const Strip&)>& f);

// Where the results of one panel go: in place, or by way of rows of T.
template <class T>
class Output {
 public:
  // offsets of `rows` rows at most are asked for at once
  Output(const OutArray& out, const KeptChannel& kept, const Panel& panel, int rows);
  // Where the sums of rows [row, row + rows).
  T* const* rows(long plane, long row);
  // Sums of the same rows, written where they go: by way of rows of T only if they have to.
  void sum(const TapSums<T>& sums, long plane, long row);
  // Those rows are complete.
  void write_back(long plane, long row);

 private:
  void keep(long plane, long row); // the last channel of those rows, where it is kept

  const OutArray& out_;
  const KeptChannel& kept_;
  const Panel& panel_;
  long first_element_, elements_;
  int count_;
  long pitch_;
  bool direct_;
  Buffer<T> buffer_;
  T* rows_[kMostTileRows];
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
