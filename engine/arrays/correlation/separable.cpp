// Definition: correlation_at.
// Test: tests/engine/arrays/correlation/test_correlate.py.
//
// Separable correlation: each extended row is passed over horizontally once, for each term, and the
// results stay in cache for as long as the vertical pass needs them.
#include <algorithm>

#include "arrays/correlation/correlate.h"
#include "arrays/row.h"
#include "arrays/strips.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

template <class T>
void correlate_separable(const Correlation& c, const SeparableTerms<T>& terms, T fill, T offset) {
  const OutArray& out = c.out;
  const Extension<T> extension(c.source, c.rows, c.map, fill);
  Geometry g(out, terms.count, terms.height, terms.width,
             terms.count * (terms.height + terms.width));
  g.cached_rows++; // and the row that is passed over
  const int tile = g.tile_rows;
  const long input_rows = g.input_rows;
  const std::vector<T> weights = pack_weights(terms.vertical, terms.count, terms.height, 1, tile);
  std::vector<RowTaps<T>> horizontal;
  for (long t = 0; t < terms.count; t++)
    horizontal.emplace_back(terms.horizontal + t * terms.width, terms.width, out.channels);
  for_each_strip(g, cut_panels(extension, g), c.threads, [&](const Strip& strip) {
    const Panel& panel = strip.panel;
    const long elements = (panel.last - panel.first) * out.channels, pitch = row_pitch<T>(elements);
    Window<T> window(extension, strip.plane, panel.first,
                     panel.last - panel.first + terms.width - 1, 1, panel.in_place);
    window.start(strip.first_row);
    Output<T> output(out, c.kept, panel, tile);
    Buffer<T> passed(terms.count * input_rows * pitch);
    auto pass_row = [&](long t, long row) {
      return passed.get() + (t * input_rows + row % input_rows) * pitch;
    };
    std::vector<const T*> rows(terms.count * input_rows);
    const TapSums<T> sums{rows.data(), weights.data(), terms.count, terms.height, 1, 1, offset};
    long done = strip.first_row;
    for (long next = strip.first_row; next < strip.last_row; next += tile) {
      const long y = std::min(next, strip.last_row - tile); // the last may do rows again
      for (; done < y + input_rows; done++) {
        const T* row = window.row(done);
        for (long t = 0; t < terms.count; t++)
          horizontal[t].run(row, T(0), pass_row(t, done), elements);
      }
      auto row = rows.begin();
      for (long t = 0; t < terms.count; t++)
        for (long i = 0; i < input_rows; i++) *row++ = pass_row(t, y + i);
      output.sum(sums, strip.plane, y);
    }
  });
}

template void correlate_separable(const Correlation&, const SeparableTerms<float>&, float, float);
template void correlate_separable(const Correlation&, const SeparableTerms<double>&, double,
                                  double);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
