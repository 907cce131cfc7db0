// Filling lanes with images; see batch_loader.h.
#include "network/input/batch_loader.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

BatchLoader::BatchLoader(Shape shape, const Augmentation& augmentation, uint64_t seed)
    : shape_(shape) {
  if constexpr (kSmallCode) return; // nothing that is downloaded asks for augmentation
  if (!augmentation.any()) return;
  augmenter_ =
      std::make_unique<Augmenter>(augmentation, shape.channels, shape.height, shape.width, seed);
  distorted_.resize(shape.size() * kLanes);
}

// A plane is read as one run of pixels, kLanes at a time from each image, and transposed.
template <typename Pixel>
void BatchLoader::transpose_in(const Pixel* const* sources, const Images& images, const Slot& slot,
                               vec* memory) const {
  const Layout& layout = slot.value_layout;
  const long elements = static_cast<long>(shape_.height) * shape_.width;
  for (int c = 0; c < shape_.channels; c++) {
    const vec mean = broadcast(images.mean[c]), scale = broadcast(images.scale[c]);
    vec* to = memory + slot.value + layout.at(c, 0, 0);
    int x = 0;
    auto put = [&](vec pixel) {
      *to++ = (pixel - mean) * scale;
      if (++x == shape_.width) {
        x = 0;
        to += layout.row - shape_.width;
      }
    };
    long p = 0;
    for (; p + kLanes <= elements; p += kLanes) {
      vec rows[kLanes];
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; l++) rows[l] = load(sources[l] + c * elements + p);
      transpose(rows);
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; l++) put(rows[l]);
    }
    for (; p < elements; p++) {
      vec pixel;
      for (int l = 0; l < kLanes; l++) pixel[l] = static_cast<float>(sources[l][c * elements + p]);
      put(pixel);
    }
  }
}

template <typename Pixel>
void BatchLoader::fill_from(const Pixel* data, const Images& images, const int64_t* index, int n,
                            const int64_t* partner, uint64_t step, const Slot& slot, vec* memory) {
  const long size = shape_.size();
  if (kSmallCode || !augmenter_) {
    const Pixel* sources[kLanes];
    for (int l = 0; l < kLanes; l++) sources[l] = data + index[l < n ? l : 0] * size;
    return transpose_in(sources, images, slot, memory);
  }
  const float* sources[kLanes];
  for (int l = 0; l < kLanes; l++) {
    float* out = distorted_.data() + l * size;
    if (l < n) (*augmenter_)(data, index[l], partner ? partner[l] : index[l], step, out);
    sources[l] = l < n ? out : distorted_.data();
  }
  transpose_in(sources, images, slot, memory);
}

void BatchLoader::fill(const Images& images, const int64_t* index, int n, uint64_t step,
                       const Slot& slot, vec* memory, const int64_t* partner) {
  if (images.is_float)
    fill_from(static_cast<const float*>(images.data), images, index, n, partner, step, slot,
              memory);
  else
    fill_from(static_cast<const uint8_t*>(images.data), images, index, n, partner, step, slot,
              memory);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
