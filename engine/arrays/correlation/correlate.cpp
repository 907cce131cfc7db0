// Definition: correlation_at.
// Test: tests/engine/arrays/correlation/test_correlate.py.
//
// Direct correlation: a strip passes its window of rows over the source, tile by tile.
#include "arrays/correlation/correlate.h"

#include <algorithm>

#include "arrays/row.h"
#include "arrays/strips.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

template <class T>
void correlate(const Correlation& c, const Terms<T>& terms, T fill, T offset) {
  const OutArray& out = c.out;
  const Extension<T> extension(c.source, c.rows, c.map, fill);
  const Geometry g(out, terms.count, terms.height, terms.width,
                   terms.count * terms.height * terms.width);
  const int tile = g.tile_rows;
  const long input_rows = g.input_rows;
  const std::vector<T> weights =
      pack_weights(terms.kernels, terms.count, terms.height, terms.width, tile);
  const RowTaps<T> single(terms.kernels, terms.width, out.channels);
  const bool is_single = terms.count == 1 && terms.height == 1;
  for_each_strip(g, cut_panels(extension, g), c.threads, [&](const Strip& strip) {
    const Panel& panel = strip.panel;
    std::vector<Window<T>> windows;
    windows.reserve(terms.count);
    for (long t = 0; t < terms.count; t++) {
      windows.emplace_back(extension, terms.planes[strip.plane * terms.count + t], panel.first,
                           panel.last - panel.first + terms.width - 1, input_rows, panel.in_place);
      windows.back().start(strip.first_row);
    }
    Output<T> output(out, c.kept, panel, tile);
    std::vector<const T*> rows(terms.count * input_rows);
    const TapSums<T> sums{rows.data(), weights.data(), terms.count, terms.height,
                          terms.width, out.channels,   offset};
    for (long next = strip.first_row; next < strip.last_row; next += tile) {
      const long y = std::min(next, strip.last_row - tile); // the last may do rows again
      auto row = rows.begin();
      for (Window<T>& window : windows)
        for (long i = 0; i < input_rows; i++) *row++ = window.row(y + i);
      if (!is_single) {
        output.sum(sums, strip.plane, y);
        continue;
      }
      const long elements = (panel.last - panel.first) * out.channels;
      single.run(rows[0], offset, output.rows(strip.plane, y)[0], elements);
      output.write_back(strip.plane, y);
    }
  });
}

template void correlate(const Correlation&, const Terms<float>&, float, float);
template void correlate(const Correlation&, const Terms<double>&, double, double);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
