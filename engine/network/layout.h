// Shapes, and where the elements of one value lie in memory.
#pragma once

#include <algorithm>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Of one image; a signal is (channels, 1, width) and a flat vector (features, 1, 1).
struct Shape {
  int channels = 0, height = 0, width = 0;
  long size() const { return static_cast<long>(channels) * height * width; }
  bool operator==(const Shape&) const = default;
};

// Elements around a plane that a neighbour reads and no operation writes: they stay zero.
struct Halo {
  int top = 0, bottom = 0, left = 0, right = 0;
  void cover(const Halo& other) {
    top = std::max(top, other.top);
    bottom = std::max(bottom, other.bottom);
    left = std::max(left, other.left);
    right = std::max(right, other.right);
  }
};

// A value of a block of kLanes images: channel, row, column, lane. Offsets count vecs.
// Blocks of as many images as there are lanes, or vecs of as many channels.
inline int blocks_of(long things) { return static_cast<int>((things + kLanes - 1) / kLanes); }

struct Layout {
  Shape shape;
  Halo halo;
  long row = 0, plane = 0, origin = 0;

  Layout() = default;
  Layout(Shape s, Halo h) : shape(s), halo(h) {
    row = h.left + s.width + h.right;
    plane = row * (h.top + s.height + h.bottom);
    // Planes a large power of two apart share one cache set each: step aside by a line.
    if (s.channels > 1 && plane * sizeof(vec) % 2048 == 0) plane += 64 / sizeof(vec) + 1;
    origin = h.top * row + h.left;
  }
  long at(int c, int y, int x) const { return origin + c * plane + y * row + x; }
  long size() const { return plane * shape.channels; }
};

// The first n lanes of the values at `from`, image by image, without halo.
inline void copy_images(const Layout& layout, const vec* from, int n, float* out) {
  const Shape s = layout.shape;
  for (int c = 0; c < s.channels; c++)
    for (int y = 0; y < s.height; y++) {
      const vec* row = from + layout.at(c, y, 0);
      float* to = out + (static_cast<long>(c) * s.height + y) * s.width;
      for (int x = 0; x < s.width; x++)
        for (int lane = 0; lane < n; lane++) to[lane * s.size() + x] = row[x][lane];
    }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
