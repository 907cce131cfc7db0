// The images of a data set as Python holds them, and how a block of them becomes lanes: normalised,
// transposed, and distorted on the way when training asks for it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "network/input/augment.h"
#include "network/op.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// (N, C, H, W), contiguous; the network sees (pixel - mean[c]) * scale[c].
struct Images {
  const void* data = nullptr;
  bool is_float = false;
  long count = 0;
  const float* mean = nullptr;
  const float* scale = nullptr;
};

class BatchLoader {
 public:
  BatchLoader(Shape shape, const Augmentation& augmentation, uint64_t seed);
  // Before `fill` where images are augmented, and nothing otherwise: a share of images index[0..n)
  // as they are in this step, mixed with partner[0..n). `to` is to fill lanes with them.
  void augment(const Images& images, const int64_t* index, const int64_t* partner, int n,
               uint64_t step, const Share& share, BatchLoader& to);
  // A share of images index[0..n) into lanes 0..n - 1 of the slot; the other lanes repeat lane 0,
  // so that whatever is computed in them is finite.
  void fill(const Images& images, const int64_t* index, int n, const Slot& slot, vec* memory,
            const Share& share = {}) const;

 private:
  template <typename Pixel>
  void transpose_in(const Pixel* const* sources, const Images& images, const Slot& slot,
                    vec* memory, const Share& share) const;
  template <typename Pixel>
  void fill_from(const Pixel* data, const Images& images, const int64_t* index, int n,
                 const Slot& slot, vec* memory, const Share& share) const;

  Shape shape_;
  std::unique_ptr<Augmenter> augmenter_; // where images are changed
  std::vector<float> distorted_;         // kLanes images
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
