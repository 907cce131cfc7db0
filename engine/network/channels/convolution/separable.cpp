// Definition: conv_layer.
// Test: tests/engine/network/channels/test_predictor.py.
//
// A depthwise convolution and the 1 x 1 convolution behind it in one pass: strips of rows of all
// channels are summed by the first, lie in the first-level cache, and are read there by the second.
//
// Budget: a strip of kStripBytes is written and read once for each tile of output channels, whose
// weights stream past from the second-level cache, at 128 bytes in 12 cycles (products.h).
#include "network/channels/convolution/depthwise.h"
#include "network/channels/convolution/direct.h"
#include "network/channels/convolution/strassen.h"
#include "network/channels/ops.h"
#include "network/links.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

constexpr long kStripBytes = 24 * 1024;

// How many of `parts` threads share the rows, or pairs of them, where the others share the tiles of
// channels: so that the slowest has least to do.
int row_parts(int units, int tiles, int parts) {
  int best = 1, least = 0;
  for (int rows = parts; rows >= 1; rows--) {
    if (parts % rows) continue;
    const int others = parts / rows;
    const int most = ((units + rows - 1) / rows) * ((tiles + others - 1) / others);
    if (!least || most < least) best = rows, least = most;
  }
  return best;
}

class Separable final : public Op {
 public:
  Separable(const Step& step, const Following& following, bool by_strassen)
      : s_(step), point_(following.pointwise[0].step), then_(following.pointwise[0].then),
        depthwise_(step, following), folded_(point_, then_.scales),
        in_blocks_(stored(step.out).channels), blocks_(stored(point_.out).channels),
        cut_(choose_cut(blocks_, point_.out.width)) {
    const long row_bytes = static_cast<long>(in_blocks_) * s_.out.width * sizeof(vec);
    // Pairs of rows, or the whole map where it is not much larger: weights then pass by once.
    strip_ = static_cast<int>(kStripBytes / row_bytes) / 2 * 2;
    if (s_.out.height * row_bytes <= kStripBytes * 3 / 2) strip_ = s_.out.height;
    strip_ = std::min(std::max(2, strip_), s_.out.height);
    plane_ = static_cast<long>(strip_) * s_.out.width;
    // Powers of two apart, the blocks of channels would share sets of the cache.
    if (plane_ * sizeof(vec) % 512 == 0) plane_ += 64 / sizeof(vec);
    if constexpr (!kSmallCode)
      if (by_strassen)
        strassen_ = std::make_unique<Strassen>(point_, strip_ * s_.out.width, plane_);
  }

  Halo input_halo() const override { return halo_of(s_); }
  bool shares() const override { return true; }
  long scratch() const override {
    if constexpr (!kSmallCode)
      if (strassen_) return in_blocks_ * plane_ + strassen_->scratch();
    return in_blocks_ * plane_;
  }

  long packed_bytes() const override {
    if constexpr (!kSmallCode)
      if (strassen_) return depthwise_.packed_bytes() + strassen_->packed_bytes();
    return depthwise_.packed_bytes() +
           static_cast<long>(sizeof(vec)) * blocks_ * point_.in.channels;
  }
  void prepare(const float* parameters, const float* state) override {
    depthwise_.prepare(parameters, state);
    folded_.update(parameters, state, [&](const float* weights, const double* scales) {
      if constexpr (!kSmallCode)
        if (strassen_) {
          strassen_->place(out, then_.add ? &other : nullptr);
          return strassen_->pack(weights, scales);
        }
      pack_direct(point_, weights, scales, cut_, packed_);
    });
  }

  void forward(Pass& pass) const override {
    if constexpr (!kSmallCode)
      if (strassen_) return forward_pairs(pass);
    const int height = s_.out.height, tiles = (blocks_ + cut_.vecs - 1) / cut_.vecs;
    // Threads share the rows; where these are few, the output channels, and each sums all rows.
    const bool by_rows = pass.share.divides(height);
    const Share rows = by_rows ? pass.share : Share{}, others = by_rows ? Share{} : pass.share;
    for (int y = rows.begin(height), end = rows.end(height); y < end; y += strip_) {
      const int n = std::min(strip_, end - y);
      for (int b = 0; b < in_blocks_; b++)
        depthwise_.run(pass, in, b, y, n, {pass.scratch + b * plane_, s_.out.width});
      for (int t = others.begin(tiles); t < others.end(tiles); t++) multiply(pass, t, y, n);
    }
  }
  void backward(Pass&) const override {}

 private:
  const Step s_, point_;
  const Following then_;
  DepthwiseRows depthwise_;
  FoldedWeights folded_;
  const int in_blocks_, blocks_;
  const Cut cut_;
  int strip_;               // rows
  long plane_;              // vecs of a strip from one block to the next
  std::vector<vec> packed_; // pack_direct

  std::unique_ptr<Strassen> strassen_; // or nullptr

  void forward_pairs(const Pass& pass) const {
    const int each = strassen_->pairs_rows() ? 2 : 1, units = s_.out.height / each;
    const int tiles = strassen_->tiles();
    const int rows = row_parts(units, tiles, pass.share.parts), part = pass.share.part;
    const Share of_rows{part % rows, rows}, of_tiles{part / rows, pass.share.parts / rows};
    vec* combined = pass.scratch + in_blocks_ * plane_;
    Strassen::Rows of{pass.scratch, combined, folded_.bias(), &then_, out, pass.value(out), {}, {}};
    if (then_.add) {
      of.other = other;
      of.add = pass.value(other);
    }
    const int end = each * of_rows.end(units);
    for (int y = each * of_rows.begin(units); y < end; y += strip_) {
      const int n = std::min(strip_, end - y);
      for (int b = 0; b < in_blocks_ / 2; b++) {
        for (int block : {b, b + in_blocks_ / 2})
          depthwise_.run(pass, in, block, y, n, strassen_->place_of(pass.scratch + block * plane_));
        // while the first level holds them
        strassen_->combine(pass.scratch, b, n * s_.out.width / 2, combined);
      }
      for (int t = of_tiles.begin(tiles); t < of_tiles.end(tiles); t++)
        strassen_->multiply(of, t, y, n);
    }
  }

  // Rows y to y + n of one tile of output channels.
  void multiply(const Pass& pass, int tile, int y, int n) const {
    const int block = tile * cut_.vecs, vecs = std::min(cut_.vecs, blocks_ - block);
    const int width = s_.out.width;
    Reads reads;
    reads.block = plane_ * kLanes;
    reads.blocks = in_blocks_;
    reads.last_lanes = point_.in.channels - (in_blocks_ - 1) * kLanes;
    Rows rows{&reads,
              packed_.data() + static_cast<long>(block) * point_.in.channels,
              folded_.bias() + block,
              out.value_layout.plane,
              other.value_layout.plane,
              &then_,
              vecs,
              cut_};
    rows.choose(width);
    for (int i = 0; i < n; i++) {
      const vec* add =
          then_.add ? pass.value(other) + other.value_layout.at(block, y + i, 0) : nullptr;
      sum_row(rows, reinterpret_cast<const float*>(pass.scratch + static_cast<long>(i) * width),
              pass.value(out) + out.value_layout.at(block, y + i, 0), add, width);
    }
  }
};

} // namespace

const char* declines_separable(const Step&, const Following& then) {
  return then.pointwise.empty() ? "no 1 x 1 layer behind it is its only reader" : nullptr;
}

OpPointer make_separable(const Step& step, const Following& following) {
  return std::make_unique<Separable>(step, following, false);
}

const char* declines_strassen(const Step& step, const Following& then) {
  const char* reason = declines_separable(step, then);
  return reason ? reason : Strassen::declines(then.pointwise[0].step);
}

OpPointer make_strassen(const Step& step, const Following& following) {
  return std::make_unique<Separable>(step, following, true);
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
