// Random distortion of one training image: affine map, elastic field, noise.
#pragma once

#include <cstdint>
#include <vector>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// The largest distortions; 0 (or false) leaves one out. The caller vouches for finite values,
// 0 <= scale < 1 and |shear| < 90.
struct Augmentation {
  float shift = 0;         // pixels: uniform in ±shift on each axis
  float rotate = 0;        // degrees: uniform in ±rotate, about the centre of the image
  float scale = 0;         // uniform in 1 ± scale, both axes alike
  float shear = 0;         // degrees: uniform in ±shear; rows slide along x
  bool flip = false;       // left and right change places for half of the images
  float elastic_alpha = 0; // pixels: strength of the elastic field, see ElasticField
  float elastic_sigma = 0; // pixels: its smoothness
  float noise = 0;         // standard deviation of normal noise, in units of the image's values
  float fill = 0;          // what lies outside of the image

  bool moves() const {
    return shift != 0 || rotate != 0 || scale != 0 || shear != 0 || flip || elastic_alpha != 0;
  }
  bool any() const { return moves() || noise != 0; }
};

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

// Distorts images of one shape; each thread owns one. What it draws is a function of
// (seed, step, index) only.
//
// The pixel p of the result shows the point of the image at
//   flip(c + A^-1 (p - c - shift) + elastic(p)),  A = rotation · shear · scale,  c the centre,
// interpolated bilinearly, once; the pixels around the image have the value `fill`. A signal, of
// height 1, is shifted, scaled, flipped and displaced along x only, never rotated or sheared.
// Noise is added last. Nothing is clipped.
class Augmenter {
 public:
  Augmenter(const Augmentation& options, int channels, int height, int width, uint64_t seed);

  // (C, H, W) to (C, H, W).
  void operator()(const uint8_t* image, uint64_t step, uint64_t index, float* out);
  void operator()(const float* image, uint64_t step, uint64_t index, float* out);

 private:
  // Source coordinates, counted in the bordered copy: x = x0 + xx * column + xy * row, and so on.
  struct AffineMap {
    float x0, xx, xy, y0, yx, yy, mirror;
  };

  template <typename Pixel>
  void augment(const Pixel* image, uint64_t step, uint64_t index, float* out);
  template <typename Pixel>
  void copy_inside_border(const Pixel* image);
  AffineMap draw_map(uint64_t step, uint64_t index) const;
  void locate_row(const AffineMap& map, int y);
  void sample_row(const float* plane, float* out) const;
  void add_noise(uint64_t step, uint64_t index, float* out) const;

  Augmentation options_;
  int channels_, height_, width_, stride_;
  uint64_t seed_;
  ElasticField elastic_;
  std::vector<float> bordered_;                  // the image with a border of `fill`
  std::vector<float> dx_, dy_, part_x_, part_y_; // of the row at work
  std::vector<int32_t> corner_;                  // where its four neighbours begin
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
