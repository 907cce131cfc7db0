// What augmentation does to an image: its options, and what they draw for one image.
#pragma once

#include <cstdint>
#include <vector>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// The largest changes; 0 (or false) leaves one out. The caller vouches for finite values,
// 0 <= scale < 1, |shear| < 90, and for images of which each change makes sense.
struct Augmentation {
  float crop = 0;          // least share of the image's area in a random crop
  float shift = 0;         // pixels: uniform in ±shift on each axis
  float rotate = 0;        // degrees: uniform in ±rotate, about the centre of the image
  float scale = 0;         // uniform in 1 ± scale, both axes alike
  float shear = 0;         // degrees: uniform in ±shear; rows slide along x
  bool flip = false;       // left and right change places for half of the images
  bool vflip = false;      // above and below
  float elastic_alpha = 0; // pixels: strength of the elastic field, see ElasticField
  float elastic_sigma = 0; // pixels: its smoothness
  float brightness = 0;    // factor uniform in 1 ± brightness, and not below 0; so the next two
  float contrast = 0;
  float saturation = 0;
  float hue = 0;             // turn uniform in ±hue of the colour circle
  int operations = 0;        // of RandAugment on each image
  int magnitude = 0;         // of RandAugment, 0 to 30
  float erase = 0;           // the share of images of which a rectangle is erased
  float noise = 0;           // standard deviation of normal noise, in units of the image's values
  float mixup = 0;           // alpha of the Beta distribution of shares
  float cutmix = 0;          // the same; with both, each is taken for half of the images
  float fill = 0;            // what lies outside of the image
  std::vector<float> erased; // the value of what is erased, for each channel; empty: fill

  bool warps() const { // points come from elsewhere, maybe from outside of the image
    return shift != 0 || rotate != 0 || scale != 0 || shear != 0 || elastic_alpha != 0;
  }
  bool moves() const { return warps() || flip || vflip || crop != 0; }
  bool mixes() const { return mixup != 0 || cutmix != 0; }
  bool colours() const { return brightness != 0 || contrast != 0 || saturation != 0 || hue != 0; }
  bool any() const {
    return moves() || mixes() || colours() || operations != 0 || erase != 0 || noise != 0;
  }
};

// In the order in which they are made. The first four are one resampling; see augment.h.
enum class ChangeKind {
  crop,   // top, left, height, width
  affine, // shift x, shift y, degrees, zoom, tan(shear)
  flip,
  vflip,
  shear_x, // RandAugment's; each by itself
  shear_y,
  translate_x,
  translate_y,
  rotate,
  identity,
  brightness, // factor
  saturation,
  contrast,
  sharpness,
  posterize, // bits
  solarize,  // threshold, as a share of white
  autocontrast,
  equalize,
  hue,   // turn
  erase, // top, left, height, width
};
const char* change_name(ChangeKind);
int value_count(ChangeKind);

struct Change {
  ChangeKind kind;
  float value[5] = {};
};

// How an image is mixed with its partner, the next image of its batch.
struct Mix {
  float share = 1;                              // of the image itself, in its target as well
  int top = 0, left = 0, height = 0, width = 0; // CutMix: what is the partner's
  bool box = false;
};

// Every draw is a function of (seed, step, index of the image) only. The elastic field and noise
// are drawn by themselves.
struct Draw {
  uint64_t seed, step, index;
};
void draw_changes(const Augmentation& options, int height, int width, const Draw& draw,
                  std::vector<Change>& changes);
Mix draw_mix(const Augmentation& options, int height, int width, const Draw& draw);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
