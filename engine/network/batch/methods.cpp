// See methods.h. Where the limits come from: docs/decisions/winograd.md.
#include "network/batch/methods.h"

#include "network/batch/fused.h"
#include "network/winograd/winograd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

struct Candidate {
  const char *name, *weights;
  const char* (*declines)(const Step&, const Fused&);
  OpPointer (*make)(const Step&, const Fused&);
  bool exact;
};
constexpr Candidate kCandidates[] = {
    {"Winograd 4 x 4 of few tiles", "Winograd 4 x 4 of few tiles", declines_few_tiles,
     make_few_tiles, false},
    {"Winograd 4 x 4", "Winograd 4 x 4", declines_winograd<4>, make_winograd_convolution, false},
    {"Winograd 2 x 2", "Winograd 4 x 4", declines_winograd<2>, make_winograd_convolution, false},
    {"sums over taps", "sums over taps",
     [](const Step&, const Fused&) -> const char* { return nullptr; }, make_direct_convolution,
     true},
};

} // namespace

BatchMethod choose_batch_method(const Step& s, const Fused& fused, bool exact) {
  const Candidate* chosen = nullptr;
  std::string others;
  for (const Candidate& c : kCandidates) {
    const char* reason = chosen              ? "not needed"
                         : exact && !c.exact ? "exact=True asks for direct sums"
                                             : c.declines(s, fused);
    if (!reason) {
      chosen = &c;
      continue;
    }
    others += (others.empty() ? "" : "; ") + std::string(c.name) + ": " + reason;
  }
  return {chosen->name, chosen->weights, chosen->make, others};
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
