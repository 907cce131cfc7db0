// Prediction of one image at a time on the calling thread. A block of kLanes images with one living
// lane costs as much as a full one; here the lanes are channels, and one image costs a fraction of
// that.
#pragma once

#include <mutex>

#include "network/input/batch_loader.h"
#include "network/program.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {

class Predictor {
 public:
  Predictor(Shape input, const std::vector<Step>& steps);
  // (N, F): the outputs of all images, one after the other.
  void run(const float* parameters, const float* state, const Images& images, float* out);

 private:
  template <typename Pixel>
  void fill(const Images& images, long index);

  Shape input_, output_;
  Program program_;
  Memory memory_, scratch_;
  Pass pass_;
  std::mutex busy_;
};

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
