// Changes of the colours of one image, in place.
#pragma once

#include <vector>

#include "network/input/changes.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

class Colours {
 public:
  Colours(int channels, int height, int width)
      : count_(channels < 3 ? channels : 3), height_(height), width_(width) {}

  // Makes a change of brightness to hue, as changes.h lists them, to planes (C, H, W) with values
  // from 0 to `peak`.
  void change(const Change& change, float peak, float* image);

 private:
  float grey_mean(const float* image) const;
  void saturate(float* image, float factor, float peak) const;
  void turn_hue(float* image, float turn) const;
  void sharpen(float* image, float factor, float peak);
  void stretch(float* image, float peak) const;
  void equalize(float* image, float peak) const;

  long plane() const { return static_cast<long>(height_) * width_; }

  int count_, height_, width_; // of the channels those that are colours; alpha is none
  std::vector<float> smooth_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
