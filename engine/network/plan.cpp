// Predicting block by block; see plan.h.
#include "network/plan.h"

#include <chrono>

#include "network/batch/methods.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

void copy_out(const Slot& slot, const vec* memory, int n, float* out) {
  copy_images(slot.value_layout, memory + slot.value, n, out);
}

// Of what has no products, a step of training takes so many times what images_axis_cycles says of a
// prediction: the geometric mean over the four of nine networks in which it takes a tenth of a step
// or more, each on one thread and on two (Zen 5): resnet9, ResNet-9, mobilenet and the depthwise
// network of the benchmarks, 7.2, 7.4, 10.2 and 5.1 on one, 10.4, 10.9, 11.6 and 5.7 on two, which
// share the third level. So it is wrong by 0.6 to 1.4 times; of a single pass, such as a global
// pooling, which takes a hundredth of a step, up to eight times. Passes of products took 0.6 to 1.2
// times what is expected of them (0.4 in one case), gradients counted as one forward pass each.
constexpr double kWithoutProducts = 8.2;

void time_each(const std::vector<OpPointer>& ops, Pass& pass, double* nanoseconds) {
  for (size_t i = 0; i < ops.size(); i++) {
    const auto start = std::chrono::steady_clock::now();
    ops[i]->forward(pass);
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    nanoseconds[i] += spent.count();
  }
}

// From times of operations to those of the steps that were made into them; forks, which sum
// gradients, count for what is before them.
std::vector<double> of_made(const Program& program, const std::vector<double>& nanoseconds) {
  std::vector<double> spent;
  size_t next = 0;
  for (size_t i = 0; i < nanoseconds.size(); i++) {
    if (next < program.made().size() && program.made()[next].op == static_cast<int>(i)) {
      spent.push_back(0);
      next++;
    }
    if (!spent.empty()) spent.back() += nanoseconds[i];
  }
  return spent;
}

} // namespace

NetworkPlan::NetworkPlan(Shape input, std::vector<Step> steps, long parameter_count,
                         long state_count, channels::Rounding rounding)
    : input_(input), steps_(std::move(steps)), parameter_count_(parameter_count),
      state_count_(state_count), rounding_(rounding) {}

// A forked child makes its own: the parent's threads may have been at work with theirs, which is
// never freed.
NetworkPlan::Made& NetworkPlan::made() {
  if (kSmallCode) return *made_; // nothing forks
  if (made_after_.load(std::memory_order_acquire) != forks()) {
    std::lock_guard lock(fork_mutex());
    if (made_after_ != forks()) {
      [[maybe_unused]] Made* const left = made_.release();
      made_ = std::make_unique<Made>();
      made_after_.store(forks(), std::memory_order_release);
    }
  }
  return *made_;
}

NetworkPlan::Runner& NetworkPlan::runner(bool fuse) {
  Made& m = made();
  std::lock_guard lock(m.mutex);
  auto& saved = fuse ? m.fused : m.plain;
  if (!saved) saved = std::make_unique<Runner>(input_, steps_, fuse, exact());
  return *saved;
}

channels::Predictor& NetworkPlan::Made::predictor_of(const NetworkPlan& plan) {
  if (!predictor)
    predictor = std::make_unique<channels::Predictor>(plan.input_, plan.steps_, plan.rounding_);
  return *predictor;
}

channels::Predictor& NetworkPlan::predictor() {
  Made& m = made();
  std::lock_guard lock(m.mutex);
  return m.predictor_of(*this);
}

bool NetworkPlan::images_in_lanes(long images, int threads) {
  if (exact()) return false;
  const long each = (images + threads - 1) / threads;
  if (2 * each <= kLanes) return false; // half of the lanes would be empty, or more
  Made& m = made();
  std::lock_guard lock(m.mutex);
  auto [saved, fresh] = m.images_in_lanes.try_emplace({std::min<long>(each, 64), threads});
  if (fresh) {
    const int lanes = static_cast<int>(std::min<long>(each, kLanes));
    saved->second = channels::images_axis_cycles(steps_, lanes) * each <
                    m.predictor_of(*this).cycles(images, threads);
  }
  return saved->second;
}

std::string NetworkPlan::axis(long images, int threads) {
  if (exact()) return "images in lanes: exact=True asks for direct sums"; // of one image
  const long each = (images + threads - 1) / threads;
  if (2 * each <= kLanes)
    return "images in lanes: half of the " + std::to_string(kLanes) +
           " lanes or more would be empty";
  return images_in_lanes(images, threads) ? "channels in lanes: slower" : "images in lanes: slower";
}

std::vector<StageReport> NetworkPlan::explain(const Program& program, long images, int threads,
                                              bool training) const {
  std::vector<StageReport> reports;
  const long each = (images + threads - 1) / threads;
  const int lanes = static_cast<int>(std::min<long>(each, kLanes));
  const double rate = channels::cycles_per_second();
  for (const Program::Made& made : program.made()) {
    const Step& step = steps_[made.first];
    const Op& op = *program.ops()[made.op];
    const bool input_gradient = training && op.in.gradient >= 0;
    const bool weight_gradient = training && step.weight >= 0;
    StageReport r{made.first, made.last, "images", "", "", kLanes, 0, "", ""};
    if (step.kind == Kind::conv) {
      const BatchMethod method = choose_batch_method(step, made.fused, exact());
      r.method = method.name;
      r.others = method.others;
      if (input_gradient) r.input_gradient = method.name;
      if (weight_gradient) r.weight_gradient = method.weights;
    } else if (step.kind == Kind::linear) {
      r.method = "products of rows";
      if (input_gradient) r.input_gradient = "sums of rows";
      if (weight_gradient) r.weight_gradient = "product over the batch";
    }
    for (int k = made.first; k <= made.last; k++) {
      const double cycles = channels::images_axis_cycles({steps_[k]}, lanes) * each;
      const bool products = steps_[k].kind == Kind::conv || steps_[k].kind == Kind::linear;
      double times = 1;
      if (training) times = products ? 1 + input_gradient + weight_gradient : kWithoutProducts;
      r.seconds += cycles * times / rate;
    }
    reports.push_back(std::move(r));
  }
  return reports;
}

std::vector<StageReport> NetworkPlan::explain(long images, int threads, bool training) {
  if (training) {
    const Workspace::Size size = training_options(images, threads).size;
    return explain(Workspace::make_program(input_, steps_, size), images, threads, true);
  }
  if (images_in_lanes(images, threads))
    return explain(runner(true).program, images, threads, false);
  std::vector<StageReport> reports;
  const double rate = channels::cycles_per_second();
  for (const channels::Stage& s : predictor().program(images, threads).stages()) {
    const double cycles = predictor().stage_cycles(s, images, threads);
    reports.push_back({s.first, s.last, s.method.axis, s.method.name, s.method.others, s.together,
                       cycles / rate, "", ""});
  }
  return reports;
}

Bytes NetworkPlan::bytes(long images, int threads, bool training) {
  if (training) {
    const Workspace::Size size = training_options(images, threads).size;
    const Program program = Workspace::make_program(input_, steps_, size);
    return Workspace::needs(program, parameter_count_, size);
  }
  if (!images_in_lanes(images, threads)) return predictor().bytes(images, threads);
  const Program& program = runner(true).program;
  const long blocks = std::min(threads, blocks_of(images));
  Bytes bytes{(program.memory() + program.scratch()) * blocks * static_cast<long>(sizeof(vec)), 0};
  for (const OpPointer& op : program.ops()) bytes.packed += op->packed_bytes();
  return bytes;
}

Batch::Options NetworkPlan::training_options(long images, int threads) const {
  Batch::Options options;
  options.size.program.exact = exact();
  options.size.most_images = static_cast<int>(images);
  options.size.threads = threads;
  options.loss.kind = LossKind::mse;
  return options;
}

template <typename Copy>
void NetworkPlan::run(Runner& runner, const Network& network, const Images& images, int threads,
                      const Copy& copy, double* nanoseconds) {
  std::lock_guard lock(runner.busy);
  const long blocks = blocks_of(images.count);
  threads = static_cast<int>(std::min<long>(threads, blocks));
  while (static_cast<int>(runner.memories.size()) < threads) {
    runner.memories.emplace_back(runner.program.memory());
    runner.scratch.emplace_back(runner.program.scratch());
    runner.loaders.emplace_back(input_, Augmentation{}, 0);
  }
  if (kSmallCode || !network.version || network.version != runner.version) {
    runner.version = 0;
    runner.program.pack(network.parameters);
    runner.version = network.version;
  }
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
      runner.loaders[t].fill(images, index, n, runner.program.input(), pass.memory);
      if (!nanoseconds || t > 0)
        for (const OpPointer& op : runner.program.ops()) op->forward(pass);
      else
        time_each(runner.program.ops(), pass, nanoseconds);
      copy(pass.memory, first, n);
    }
  });
}

void NetworkPlan::forward(const Network& network, const Images& images, int threads, float* out) {
  if (!images_in_lanes(images.count, threads))
    return predictor().run(network.parameters, network.state, images, threads, out, nullptr,
                           network.version);
  Runner& r = runner(true);
  const Slot& slot = r.program.output();
  run(r, network, images, threads, [&](const vec* memory, long first, int n) {
    copy_out(slot, memory, n, out + first * slot.shape.size());
  });
}

std::vector<double> NetworkPlan::measure(const Network& network, const Images& images, int threads,
                                         bool training) {
  if (training) return measure_training(network, images, threads);
  if (images_in_lanes(images.count, threads)) {
    Runner& r = runner(true);
    std::vector<double> nanoseconds(r.program.ops().size());
    run(r, network, images, threads, [](const vec*, long, int) {}, nanoseconds.data());
    return of_made(r.program, nanoseconds);
  }
  const channels::Program& program = predictor().program(images.count, threads);
  std::vector<double> nanoseconds(program.stages().size());
  std::vector<float> out(images.count * output().size());
  predictor().run(network.parameters, network.state, images, threads, out.data(),
                  nanoseconds.data());
  return nanoseconds;
}

std::vector<double> NetworkPlan::measure_training(const Network& network, const Images& images,
                                                  int threads) const {
  const Batch::Options options = training_options(images.count, threads);
  Batch batch(input_, steps_, parameter_count_, options);
  std::vector<float> state(network.state, network.state + state_count_); // statistics run on
  std::vector<float> values(images.count * output().size());
  std::vector<int64_t> index(images.count);
  for (long i = 0; i < images.count; i++) index[i] = i;
  DataTargets targets;
  targets.values = values.data();
  const int n = static_cast<int>(images.count);
  const Batch::Data data{network.parameters, state.data(), images, targets, index.data(), n, 0};
  std::vector<double> nanoseconds(batch.program().ops().size());
  batch.run(data, [](long, long) {}); // memory is touched and weights are packed for the first time
  batch.measure(nanoseconds.data());
  batch.run(data, [](long, long) {});
  return of_made(batch.program(), nanoseconds);
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
