// Blocks, cuts and threads of one batch; see batch.h.
#include "network/training/batch.h"

#include "random.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

int blocks_of(int images) { return (images + kLanes - 1) / kLanes; }

// A key for dropout in each lane, from the seed, the step and the index in the batch.
uvec lane_keys(uint64_t seed, uint64_t step, int block) {
  uvec keys;
  for (int l = 0; l < kLanes; l++)
    keys[l] = random_bits(seed, step, static_cast<uint64_t>(block) * kLanes + l, 0);
  return keys;
}

} // namespace

Batch::Batch(Shape input, const std::vector<Step>& steps, long parameter_count, Options options)
    : options_(options), program_(input, steps, options.program) {
  const int blocks = blocks_of(options.most_images);
  if (options.training)
    for (size_t i = 0; i < program_.ops().size(); i++)
      if (program_.ops()[i]->needs_batch()) cuts_.push_back(static_cast<int>(i));
  own_memory_ = !cuts_.empty() || options.program.input_gradient;
  for (int i = 0; i < (own_memory_ ? blocks : options.threads); i++)
    memories_.emplace_back(program_.memory());
  for (int t = 0; t < options.threads; t++) {
    scratch_.emplace_back(program_.scratch());
    loaders_.emplace_back(input, options.augmentation, options.seed);
    gradients_.emplace_back(parameter_count, 0.0f);
  }
  results_.resize(blocks);
  for (const OpPointer& op : program_.ops()) op->reserve(blocks);
  plan_units(parameter_count);
}

// Shares the parameters among threads: rows of deferred operations, and what lies between them.
void Batch::plan_units(long parameter_count) {
  const int threads = options_.threads;
  units_.resize(threads);
  long at = 0;
  auto share = [&](long begin, long end) {
    for (int t = 0; t < threads; t++) {
      long from = begin + (end - begin) * t / threads;
      long to = begin + (end - begin) * (t + 1) / threads;
      if (from < to) units_[t].push_back({nullptr, 0, 0, from, to});
    }
  };
  for (const OpPointer& op : program_.ops()) {
    const int rows = op->deferred_rows();
    if (!rows) continue;
    share(at, op->row_begin(0));
    for (int t = 0; t < threads; t++) {
      int first = rows * t / threads, last = rows * (t + 1) / threads;
      if (first < last)
        units_[t].push_back({op.get(), first, last, op->row_begin(first), op->row_begin(last)});
    }
    at = op->row_begin(rows);
  }
  share(at, parameter_count);
}

double Batch::normaliser(const Data& data) const {
  std::vector<int64_t> labels;
  if (data.targets.labels && !options_.loss.class_weights.empty())
    for (int i = 0; i < data.n; i++) labels.push_back(data.targets.labels[data.index[i]]);
  return loss_normaliser(options_.loss, program_.output().shape, labels.data(), data.n);
}

LossResult Batch::loss(const Data& data, const Pass& pass, double normaliser) const {
  Targets targets;
  for (int l = 0; l < kLanes && pass.block * kLanes + l < data.n; l++) {
    const int64_t image = data.index[pass.block * kLanes + l];
    if (data.targets.labels) targets.label[l] = data.targets.labels[image];
    if (data.targets.values)
      targets.row[l] = data.targets.values + image * program_.output().shape.size();
  }
  return compute_loss(options_.loss, program_.output(), pass, targets, normaliser);
}

Pass Batch::start(const Data& data, int thread, int block) {
  Pass pass;
  pass.memory = memories_[own_memory_ ? block : thread].get();
  pass.scratch = scratch_[thread].get();
  pass.parameters = data.parameters;
  pass.state = data.state;
  pass.gradient = gradients_[thread].data();
  for (int l = 0; l < kLanes; l++) pass.lane_mask[l] = block * kLanes + l < data.n ? 1.0f : 0.0f;
  pass.block = block;
  pass.training = options_.training;
  if (pass.training) pass.keys = lane_keys(options_.seed, data.step, block);
  return pass;
}

void Batch::pass_blocks(int blocks, const std::function<void(int, int)>& body) {
  const int threads = options_.threads;
  run_threads(threads, [&](int t) {
    for (int b = blocks * t / threads; b < blocks * (t + 1) / threads; b++) body(t, b);
  });
}

LossResult Batch::run(const Data& data, const std::function<void(long, long)>& finished) {
  const auto& ops = program_.ops();
  const int blocks = blocks_of(data.n), last = static_cast<int>(ops.size());
  const int cuts = static_cast<int>(cuts_.size());
  const double divisor = normaliser(data);
  program_.pack(data.parameters, options_.threads);

  auto backward = [&](Pass& pass, int from, int to) { // operations from - 1 down to `to`
    for (int i = from - 1; i >= to; i--)
      if (ops[i]->out.gradient >= 0) ops[i]->backward(pass);
  };
  // Forward to each cut, then on; behind the last cut back to it, with the loss between.
  for (int s = 0; s <= cuts; s++) {
    pass_blocks(blocks, [&](int thread, int block) {
      Pass pass = start(data, thread, block);
      const int64_t* index = data.index + block * kLanes;
      const int n = std::min(kLanes, data.n - block * kLanes);
      if (s == 0)
        loaders_[thread].fill(data.images, index, n, data.step, program_.input(), pass.memory);
      const int to = s < cuts ? cuts_[s] : last;
      for (int i = s ? cuts_[s - 1] : 0; i < to; i++) ops[i]->forward(pass);
      if (s < cuts) return ops[to]->measure(pass);
      results_[block] = loss(data, pass, divisor);
      backward(pass, last, cuts ? cuts_[cuts - 1] + 1 : 0);
      if (cuts) ops[cuts_[cuts - 1]]->measure_backward(pass);
    });
    if (s < cuts) ops[cuts_[s]]->reduce(data.n, blocks, data.state);
  }
  for (int s = cuts - 1; s >= 0; s--) {
    ops[cuts_[s]]->reduce_backward(data.n, blocks, gradients_[0].data());
    pass_blocks(blocks, [&](int thread, int block) {
      Pass pass = start(data, thread, block);
      const int to = s ? cuts_[s - 1] + 1 : 0;
      backward(pass, cuts_[s] + 1, to);
      if (s) ops[to - 1]->measure_backward(pass);
    });
  }
  run_threads(options_.threads, [&](int t) {
    for (const Unit& unit : units_[t]) complete(unit, blocks, finished);
  });

  LossResult total{};
  for (int b = 0; b < blocks; b++) {
    total.loss += results_[b].loss;
    total.correct += results_[b].correct;
  }
  return total;
}

void Batch::complete(const Unit& unit, int blocks,
                     const std::function<void(long, long)>& finished) {
  float* gradient = gradients_[0].data();
  if (unit.op) {
    unit.op->write_gradient(unit.first, unit.last, blocks, gradient);
    return finished(unit.begin, unit.end);
  }
  for (int t = 1; t < options_.threads; t++) {
    float* other = gradients_[t].data();
    for (long i = unit.begin; i < unit.end; i++) gradient[i] += other[i];
    std::fill(other + unit.begin, other + unit.end, 0.0f);
  }
  finished(unit.begin, unit.end);
  std::fill(gradient + unit.begin, gradient + unit.end, 0.0f);
}

void Batch::copy_input_gradient(int n, float* out) const {
  const Slot& slot = program_.input();
  for (int first = 0; first < n; first += kLanes)
    copy_images(slot.gradient_layout, memories_[first / kLanes].get() + slot.gradient,
                std::min(kLanes, n - first), out + first * slot.shape.size());
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
