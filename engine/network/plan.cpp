// Predicting block by block; see plan.h.
#include "network/plan.h"

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// So many images, and fewer, take less time one by one than a block of kLanes: one takes about a
// seventh of the time of a block at kLanes = 8, or a quarter if its channels fill few lanes.
constexpr long kFew = kLanes / 2;

void copy_out(const Slot& slot, const vec* memory, int n, float* out) {
  copy_images(slot.value_layout, memory + slot.value, n, out);
}

} // namespace

NetworkPlan::NetworkPlan(Shape input, std::vector<Step> steps, long parameter_count,
                         long state_count)
    : input_(input), steps_(std::move(steps)), parameter_count_(parameter_count),
      state_count_(state_count) {}

NetworkPlan::Runner& NetworkPlan::runner(bool fuse) {
  std::lock_guard lock(mutex_);
  auto& saved = fuse ? fused_ : plain_;
  if (!saved) saved = std::make_unique<Runner>(input_, steps_, fuse);
  return *saved;
}

channels::Predictor& NetworkPlan::predictor() {
  std::lock_guard lock(mutex_);
  if (!few_) few_ = std::make_unique<channels::Predictor>(input_, steps_);
  return *few_;
}

template <typename Copy>
void NetworkPlan::run(Runner& runner, const Network& network, const Images& images, int threads,
                      const Copy& copy) {
  std::lock_guard lock(runner.busy);
  const long blocks = (images.count + kLanes - 1) / kLanes;
  threads = static_cast<int>(std::min<long>(threads, blocks));
  while (static_cast<int>(runner.memories.size()) < threads) {
    runner.memories.emplace_back(runner.program.memory());
    runner.scratch.emplace_back(runner.program.scratch());
    runner.loaders.emplace_back(input_, Augmentation{}, 0);
  }
  runner.program.pack(network.parameters);
  run_threads(threads, [&](int t) {
    Pass pass;
    pass.memory = runner.memories[t].get();
    pass.scratch = runner.scratch[t].get();
    pass.parameters = network.parameters;
    pass.state = network.state;
    for (long b = blocks * t / threads; b < blocks * (t + 1) / threads; b++) {
      const long first = b * kLanes;
      const int n = static_cast<int>(std::min<long>(kLanes, images.count - first));
      int64_t index[kLanes];
      for (int l = 0; l < n; l++) index[l] = first + l;
      for (int l = 0; l < kLanes; l++) pass.lane_mask[l] = l < n ? 1.0f : 0.0f;
      runner.loaders[t].fill(images, index, n, 0, runner.program.input(), pass.memory);
      for (const OpPointer& op : runner.program.ops()) op->forward(pass);
      copy(pass.memory, first, n);
    }
  });
}

void NetworkPlan::forward(const Network& network, const Images& images, int threads, float* out) {
  if (images.count <= kFew) return predictor().run(network.parameters, network.state, images, out);
  Runner& r = runner(true);
  const Slot& slot = r.program.output();
  run(r, network, images, threads, [&](const vec* memory, long first, int n) {
    copy_out(slot, memory, n, out + first * slot.shape.size());
  });
}

void NetworkPlan::features(const Network& network, const Images& images, int threads,
                           const std::vector<float*>& outs) {
  Runner& r = runner(false);
  run(r, network, images, threads, [&](const vec* memory, long first, int n) {
    for (size_t k = 0; k < outs.size(); k++) {
      const Slot& slot = r.program.output_of(static_cast<int>(k));
      copy_out(slot, memory, n, outs[k] + first * slot.shape.size());
    }
  });
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
