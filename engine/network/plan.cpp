// Predicting block by block; see plan.h.
#include "network/plan.h"

#include "network/winograd/winograd.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

void copy_out(const Slot& slot, const vec* memory, int n, float* out) {
  copy_images(slot.value_layout, memory + slot.value, n, out);
}

} // namespace

NetworkPlan::NetworkPlan(Shape input, std::vector<Step> steps, long parameter_count,
                         long state_count, channels::Rounding rounding)
    : input_(input), steps_(std::move(steps)), parameter_count_(parameter_count),
      state_count_(state_count), rounding_(rounding) {}

NetworkPlan::Runner& NetworkPlan::runner(bool fuse) {
  std::lock_guard lock(mutex_);
  auto& saved = fuse ? fused_ : plain_;
  if (!saved) saved = std::make_unique<Runner>(input_, steps_, fuse, exact());
  return *saved;
}

channels::Predictor& NetworkPlan::predictor() {
  std::lock_guard lock(mutex_);
  if (!channels_) channels_ = std::make_unique<channels::Predictor>(input_, steps_, rounding_);
  return *channels_;
}

bool NetworkPlan::images_in_lanes(long images, int threads) {
  if (exact()) return false;
  const long each = (images + threads - 1) / threads;
  if (2 * each <= kLanes) return false; // half of the lanes would be empty, or more
  std::lock_guard lock(mutex_);
  auto [saved, fresh] = images_in_lanes_.try_emplace({std::min<long>(each, 64), threads});
  if (fresh) {
    if (!channels_) channels_ = std::make_unique<channels::Predictor>(input_, steps_, rounding_);
    const int lanes = static_cast<int>(std::min<long>(each, kLanes));
    saved->second =
        channels::images_axis_cycles(steps_, lanes) * each < channels_->cycles(images, threads);
  }
  return saved->second;
}

std::vector<StageReport> NetworkPlan::explain(long images, int threads) {
  std::vector<StageReport> reports;
  const double rate = channels::cycles_per_second();
  if (images_in_lanes(images, threads)) {
    const long each = (images + threads - 1) / threads;
    const int lanes = static_cast<int>(std::min<long>(each, kLanes));
    Program& program = runner(true).program;
    for (int k = 0; k < static_cast<int>(steps_.size()); k++) {
      const double cycles = channels::images_axis_cycles({steps_[k]}, lanes) * each;
      if (k > 0 && program.stored_at(k) == program.stored_at(k - 1)) {
        reports.back().last = k;
        reports.back().seconds += cycles / rate;
        continue;
      }
      const int side = steps_[k].kind == Kind::conv ? winograd_side(steps_[k], Fused{}) : 0;
      const char* method = steps_[k].kind != Kind::conv ? ""
                           : side == 4                  ? "Winograd 4 x 4"
                           : side == 2                  ? "Winograd 2 x 2"
                                                        : "sums over taps";
      reports.push_back({k, k, "images", method, "", kLanes, cycles / rate});
    }
    return reports;
  }
  for (const channels::Stage& s : predictor().program(images, threads).stages()) {
    const double cycles = predictor().stage_cycles(s, images, threads);
    const bool chosen = s.method.make != nullptr;
    reports.push_back({s.first, s.last, chosen ? s.method.axis : "channels",
                       chosen ? s.method.name : "", s.method.others, s.together, cycles / rate});
  }
  return reports;
}

Bytes NetworkPlan::bytes(long images, int threads) {
  if (!images_in_lanes(images, threads)) return predictor().bytes(images, threads);
  const Program& program = runner(true).program;
  const long blocks = std::min<long>(threads, (images + kLanes - 1) / kLanes);
  Bytes bytes{(program.memory() + program.scratch()) * blocks * static_cast<long>(sizeof(vec)), 0};
  for (const OpPointer& op : program.ops()) bytes.packed += op->packed_bytes();
  return bytes;
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
  if (!images_in_lanes(images.count, threads))
    return predictor().run(network.parameters, network.state, images, threads, out);
  Runner& r = runner(true);
  const Slot& slot = r.program.output();
  run(r, network, images, threads, [&](const vec* memory, long first, int n) {
    copy_out(slot, memory, n, out + first * slot.shape.size());
  });
}

std::vector<double> NetworkPlan::measure(const Network& network, const Images& images, int threads,
                                         float* out) {
  if (images_in_lanes(images.count, threads)) return {};
  const channels::Program& program = predictor().program(images.count, threads);
  std::vector<double> nanoseconds(program.stages().size());
  predictor().run(network.parameters, network.state, images, threads, out, nanoseconds.data());
  return nanoseconds;
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
