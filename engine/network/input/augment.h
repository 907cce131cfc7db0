// Random changes of one training image: one resampling, RandAugment's operations, colours, a
// rectangle erased, noise, and mixing with another image.
#pragma once

#include <cstdint>
#include <vector>

#include "network/input/changes.h"
#include "network/input/colours.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// The displacement field of Simard, Steinkraus and Platt, "Best practices for convolutional neural
// networks applied to visual document analysis", ICDAR 2003: for each pixel and axis a value
// uniform in (-1, 1), blurred with a Gaussian of sigma pixels whose weights sum to one, times
// alpha. That is a normal field with
//   standard deviation  alpha / (sigma sqrt(12 pi))        (images; sigma >= 1)
//                       alpha / sqrt(6 sqrt(pi) sigma)     (signals: one axis has no extent)
//   correlation         exp(-d^2 / (4 sigma^2)) at distance d.
// The blur costs 2 (6 sigma + 1) operations per pixel on a value per pixel. The same field comes
// from values sigma pixels apart, each a Gaussian bump of the same sigma, scaled up by sigma to
// make up for their being fewer: its variance and covariance differ from the above by
// 2 exp(-pi^2) = 1e-4 of themselves. Fewer values to draw by sigma^2, and eight taps per axis.
class ElasticField {
 public:
  ElasticField(float alpha, float sigma, int height, int width);
  // Draws the field of one image.
  void draw(uint64_t seed, uint64_t step, uint64_t index);
  // Displacements of the pixels of one row; dy is left alone in signals, where there is none.
  void row(int y, float* dx, float* dy) const;

 private:
  int row_count() const;

  int height_, columns_, nodes_y_ = 0, nodes_x_ = 0, nodes_per_tile_ = 0;
  std::vector<int> first_node_x_, first_node_y_; // of a tile of columns; of a row
  std::vector<float> weights_x_, weights_y_;     // (tile, node of the tile, column); (row, tap)
  std::vector<float> noise_, rows_;              // (axis, node y, node x); (axis, node y, column)
};

// Changes images of one shape; each thread owns one. What it draws is a function of
// (seed, step, index) only.
//
// First the pixel p of the result shows the point of the image at
//   crop(flip(c + A^-1 (p - c - shift) + elastic(p))),  A = rotation · shear · scale,  c the
//   centre,
// interpolated bilinearly, once; the pixels around the image have the value `fill`, or, where
// nothing but crops and flips is asked for, that of the border. Then come the changes that
// changes.h lists, one after another, noise, and mixing. A signal, of height 1, is shifted, scaled,
// flipped and displaced along x only, never rotated or sheared. Colours are cut off at white, which
// is 255 for bytes and 1 for floats; nothing else is clipped.
class Augmenter {
 public:
  Augmenter(const Augmentation& options, int channels, int height, int width, uint64_t seed);

  // Image `index` of (N, C, H, W) as (C, H, W); `partner` is the index of the image that it is
  // mixed with, where the options mix.
  template <typename Pixel>
  void operator()(const Pixel* images, int64_t index, int64_t partner, uint64_t step, float* out);

 private:
  // Source coordinates, counted in the bordered copy: x = x0 + xx * column + xy * row, and so on.
  // Points are held within `margin` of the copy's edge.
  struct AffineMap {
    float x0, xx, xy, dx, y0, yx, yy, dy;
    float margin;
  };

  template <typename Pixel>
  void augment(const Pixel* image, const Draw& draw, float* out);
  template <typename Pixel>
  void copy_inside_border(const Pixel* image);
  AffineMap compose() const;
  AffineMap about_centre(float xx, float xy, float yx, float yy, float to_x, float to_y) const;
  void make(const Change& change, float peak, float* out);
  void resample(const AffineMap& map, bool elastic, float* out);
  void locate_row(const AffineMap& map, bool elastic, int y);
  void sample_row(const float* plane, float* out) const;
  void erase(const Change& change, float* out) const;
  void add_noise(const Draw& draw, float* out) const;
  void mix_in(const Mix& mix, float* out) const;

  Augmentation options_;
  int channels_, height_, width_, stride_;
  uint64_t seed_;
  ElasticField elastic_;
  Colours colours_;
  std::vector<Change> changes_;                  // of the image at work
  std::vector<float> bordered_;                  // the image with a border of `fill`
  std::vector<float> dx_, dy_, part_x_, part_y_; // of the row at work
  std::vector<int32_t> corner_;                  // where its four neighbours begin
  std::vector<float> partner_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
