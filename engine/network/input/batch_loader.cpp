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
                               vec* memory, const Share& share) const {
  const Layout& layout = slot.value_layout;
  const int elements = shape_.height * shape_.width, runs = elements / kLanes;
  const int first = share.begin(runs) * kLanes, last = share.end(runs) * kLanes;
  for (int c = 0; c < shape_.channels; c++) {
    const vec mean = broadcast(images.mean[c]), scale = broadcast(images.scale[c]);
    int x = first % shape_.width;
    vec* to = memory + slot.value + layout.at(c, first / shape_.width, x);
    auto put = [&](vec pixel) {
      *to++ = (pixel - mean) * scale;
      if (++x == shape_.width) {
        x = 0;
        to += layout.row - shape_.width;
      }
    };
    const long plane = static_cast<long>(c) * elements;
    for (int p = first; p < last; p += kLanes) {
      vec rows[kLanes];
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; l++) rows[l] = load(sources[l] + plane + p);
      transpose(rows);
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; l++) put(rows[l]);
    }
    if (share.part + 1 < share.parts) continue;
    for (int p = last; p < elements; p++) {
      vec pixel;
      for (int l = 0; l < kLanes; l++) pixel[l] = static_cast<float>(sources[l][plane + p]);
      put(pixel);
    }
  }
}

void BatchLoader::augment(const Images& images, const int64_t* index, const int64_t* partner, int n,
                          uint64_t step, const Share& share, BatchLoader& to) {
  if (kSmallCode || !augmenter_) return;
  for (int l = share.begin(n); l < share.end(n); l++) {
    float* out = to.distorted_.data() + l * shape_.size();
    if (images.is_float)
      (*augmenter_)(static_cast<const float*>(images.data), index[l], partner[l], step, out);
    else
      (*augmenter_)(static_cast<const uint8_t*>(images.data), index[l], partner[l], step, out);
  }
}

template <typename Pixel>
void BatchLoader::fill_from(const Pixel* data, const Images& images, const int64_t* index, int n,
                            const Slot& slot, vec* memory, const Share& share) const {
  const Pixel* sources[kLanes];
  for (int l = 0; l < kLanes; l++) sources[l] = data + index[l < n ? l : 0] * shape_.size();
  transpose_in(sources, images, slot, memory, share);
}

void BatchLoader::fill(const Images& images, const int64_t* index, int n, const Slot& slot,
                       vec* memory, const Share& share) const {
  if (!kSmallCode && augmenter_) {
    int64_t lanes[kLanes];
    for (int l = 0; l < n; l++) lanes[l] = l;
    fill_from(distorted_.data(), images, lanes, n, slot, memory, share);
  } else if (images.is_float) {
    fill_from(static_cast<const float*>(images.data), images, index, n, slot, memory, share);
  } else {
    fill_from(static_cast<const uint8_t*>(images.data), images, index, n, slot, memory, share);
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
