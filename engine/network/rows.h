// Walking the interior of values that lie differently in memory.
#pragma once

#include <initializer_list>

#include "network/layout.h"
#include "network/share.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// `shape` with as few and as long rows as the layouts allow: where no halo parts them, the rows
// of a plane are one run of memory, and often the planes too. at(c, y, 0) begins each run.
inline Shape merged_rows(Shape shape, std::initializer_list<const Layout*> layouts) {
  for (const Layout* l : layouts)
    if (l->row != shape.width) return shape;
  return {shape.channels, 1, shape.height * shape.width};
}
inline Shape merged_planes(Shape shape, std::initializer_list<const Layout*> layouts) {
  Shape rows = merged_rows(shape, layouts);
  if (rows.height > 1) return rows;
  for (const Layout* l : layouts)
    if (l->plane != rows.width) return rows;
  return {1, 1, rows.channels * rows.width};
}

// The same where threads share the channels.
inline Shape merged_planes(const Share& share, Shape shape,
                           std::initializer_list<const Layout*> layouts) {
  return share.parts > 1 ? merged_rows(shape, layouts) : merged_planes(shape, layouts);
}

inline void clear_interior(vec* value, const Layout& layout) {
  Shape runs = merged_planes(layout.shape, {&layout});
  for (int c = 0; c < runs.channels; c++)
    for (int y = 0; y < runs.height; y++) {
      vec* to = value + layout.at(c, y, 0);
      std::fill(to, to + runs.width, vec{});
    }
}

// Zeros around the planes of a share of the channels.
inline void clear_halo(vec* value, const Layout& layout, const Share& share) {
  const auto [top, bottom, left, right] = layout.halo;
  const Shape& s = layout.shape;
  if (!(top | bottom | left | right)) return;
  for (int c = share.begin(s.channels); c < share.end(s.channels); c++) {
    vec* row = value + c * layout.plane;
    std::fill(row, row + top * layout.row, vec{});
    row += top * layout.row;
    for (int y = 0; y < s.height; y++, row += layout.row) {
      std::fill(row, row + left, vec{});
      std::fill(row + left + s.width, row + layout.row, vec{});
    }
    std::fill(row, row + bottom * layout.row, vec{});
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
