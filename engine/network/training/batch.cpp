// Blocks, cuts and threads of one batch; see batch.h.
#include "network/training/batch.h"

#include "random.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// So many parameters are packed in less time than threads take to meet twice.
constexpr size_t kFewParameters = 100'000;

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
  partner_shares_.resize(options.most_images);
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

void Batch::draw_shares(const Data& data) {
  const Shape& shape = program_.input().shape;
  if (kSmallCode || !options_.augmentation.mixes()) return;
  for (int i = 0; i < data.n; i++)
    partner_shares_[i] =
        1 - draw_mix(options_.augmentation, shape.height, shape.width,
                     {options_.seed, data.step, static_cast<uint64_t>(data.index[i])})
                .share;
}

LossResult Batch::loss(const Data& data, const Pass& pass, double normaliser) const {
  Targets targets;
  const long size = program_.output().shape.size();
  for (int l = 0; l < kLanes && pass.block * kLanes + l < data.n; l++) {
    const int i = pass.block * kLanes + l;
    const int64_t image = data.index[i], other = partner(data, i);
    const float share = targets.partner_share[l] = partner_shares_[i];
    if (data.targets.labels) {
      targets.label[l] = data.targets.labels[image];
      targets.partner_label[l] = data.targets.labels[other];
    }
    if (const float* weights = data.targets.weights)
      targets.weight[l] = weights[image] + share * (weights[other] - weights[image]);
    if (data.targets.values) {
      targets.row[l] = data.targets.values + image * size;
      targets.partner_row[l] = data.targets.values + other * size;
    }
  }
  return compute_loss(options_.loss, program_.output(), pass, targets, normaliser);
}

Pass Batch::start(const Data& data, int thread, int block) {
  Pass pass;
  // Of the block; or of the thread, which carries one block after another.
  const bool one_thread = blocks_of(data.n) >= options_.threads;
  pass.memory = memories_[!own_memory_ && one_thread ? thread : block].get();
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

void Batch::pass_blocks(const Data& data, const std::vector<Piece>& pieces) {
  const int threads = options_.threads, blocks = blocks_of(data.n);
  if (blocks >= threads)
    return run_threads(threads, [&](int t) {
      for (int b = blocks * t / threads; b < blocks * (t + 1) / threads; b++) {
        Pass pass = start(data, t, b);
        for (const Piece& piece : pieces) piece.run(pass, t);
      }
    });
  for (const Piece& piece : pieces)
    run_threads(threads, [&](int t) {
      const int block = blocks * t / threads; // threads [first, last) carry it
      const int first = (block * threads + blocks - 1) / blocks;
      const int last = ((block + 1) * threads + blocks - 1) / blocks;
      if (!piece.shared && t > first) return;
      Pass pass = start(data, t, block);
      if (piece.shared) pass.share = {t - first, last - first};
      piece.run(pass, t);
    });
}

// Operations [from, to) forward, and `from` - 1 down to `to` backward.
void Batch::add_forward(int from, int to, std::vector<Piece>& pieces) const {
  for (int i = from; i < to; i++) {
    const Op* op = program_.ops()[i].get();
    pieces.push_back({op->shares(), [op](Pass& pass, int) { op->forward(pass); }});
  }
}
void Batch::add_backward(int from, int to, std::vector<Piece>& pieces) const {
  for (int i = from - 1; i >= to; i--) {
    const Op* op = program_.ops()[i].get();
    if (op->out.gradient < 0) continue;
    pieces.push_back({op->shares(), [op](Pass& pass, int) { op->prepare_backward(pass); }});
    pieces.push_back({op->shares(), [op](Pass& pass, int) { op->backward(pass); }});
  }
}

LossResult Batch::run(const Data& data, const std::function<void(long, long)>& finished) {
  draw_shares(data);
  const auto& ops = program_.ops();
  const int blocks = blocks_of(data.n), last = static_cast<int>(ops.size());
  const int cuts = static_cast<int>(cuts_.size());
  const double divisor = loss_normaliser(options_.loss, program_.output().shape, data.targets,
                                         data.index, partner_shares_.data(), data.n);
  program_.pack(data.parameters, gradients_[0].size() < kFewParameters ? 1 : options_.threads);

  auto load = [&](Pass& pass, int thread) {
    const int first = pass.block * kLanes, n = std::min(kLanes, data.n - first);
    int64_t partners[kLanes];
    for (int l = 0; l < n; l++) partners[l] = partner(data, first + l);
    loaders_[thread].fill(data.images, data.index + first, n, data.step, program_.input(),
                          pass.memory, partners);
  };
  // Forward to each cut, then on; behind the last cut back to it, with the loss between.
  auto add_measure_backward = [&](int cut, std::vector<Piece>& pieces) {
    const Op* op = ops[cut].get();
    pieces.push_back({op->shares(), [op](Pass& pass, int) { op->measure_backward(pass); }});
  };
  for (int s = 0; s <= cuts; s++) {
    std::vector<Piece> pieces;
    if (s == 0) pieces.push_back({false, load});
    add_forward(s ? cuts_[s - 1] : 0, s < cuts ? cuts_[s] : last, pieces);
    if (s < cuts) {
      Op* op = ops[cuts_[s]].get();
      pieces.push_back({op->shares(), [op](Pass& pass, int) { op->measure(pass); }});
      pass_blocks(data, pieces);
      op->reduce(data.n, blocks, data.state);
      continue;
    }
    pieces.push_back(
        {false, [&](Pass& pass, int) { results_[pass.block] = loss(data, pass, divisor); }});
    add_backward(last, cuts ? cuts_[cuts - 1] + 1 : 0, pieces);
    if (cuts) add_measure_backward(cuts_[cuts - 1], pieces);
    pass_blocks(data, pieces);
  }
  for (int s = cuts - 1; s >= 0; s--) {
    ops[cuts_[s]]->reduce_backward(data.n, blocks, gradients_[0].data());
    const int to = s ? cuts_[s - 1] + 1 : 0;
    std::vector<Piece> pieces;
    add_backward(cuts_[s] + 1, to, pieces);
    if (s) add_measure_backward(to - 1, pieces);
    pass_blocks(data, pieces);
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
