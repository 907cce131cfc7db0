// Blocks, cuts and threads of one batch; see batch.h.
#include "network/training/batch.h"

#include <chrono>

#include "random.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// So many parameters are packed in less time than threads take to meet twice.
constexpr size_t kFewParameters = 100'000;

// A key for dropout in each lane, from the seed, the step and the index in the batch.
uvec lane_keys(uint64_t seed, uint64_t step, int block) {
  uvec keys;
  for (int l = 0; l < kLanes; l++)
    keys[l] = random_bits(seed, step, static_cast<uint64_t>(block) * kLanes + l, 0);
  return keys;
}

} // namespace

Batch::Batch(std::shared_ptr<Workspace> workspace, Options options)
    : options_(std::move(options)), workspace_(std::move(workspace)),
      results_(workspace_->blocks()), partner_shares_(options_.size.most_images) {
  for (int t = 0; t < options_.size.threads; t++)
    loaders_.emplace_back(workspace_->program.input().shape, options_.augmentation, options_.seed);
}
Batch::Batch(Shape input, const std::vector<Step>& steps, long parameter_count,
             const Options& options)
    : Batch(std::make_shared<Workspace>(input, steps, parameter_count, options.size), options) {}

void Batch::draw_shares(const Data& data) {
  const Shape& shape = workspace_->program.input().shape;
  if (kSmallCode || !options_.augmentation.mixes()) return;
  for (int i = 0; i < data.n; i++)
    partner_shares_[i] =
        1 - draw_mix(options_.augmentation, shape.height, shape.width,
                     {options_.seed, data.step, static_cast<uint64_t>(data.index[i])})
                .share;
}

LossResult Batch::loss(const Data& data, const Pass& pass, double normaliser) const {
  Targets targets;
  const long size = workspace_->program.output().shape.size();
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
  return compute_loss(options_.loss, workspace_->program.output(), pass, targets, normaliser);
}

Pass Batch::start(const Data& data, int thread, int block) {
  Pass pass;
  // Of the block; or of the thread, which carries one block after another.
  const bool one_thread = blocks_of(data.n) >= options_.size.threads;
  pass.memory = workspace_->memories[!workspace_->own_memory && one_thread ? thread : block].get();
  pass.scratch = workspace_->scratch[thread].get();
  pass.parameters = data.parameters;
  pass.state = data.state;
  pass.gradient = workspace_->gradients[thread].data();
  for (int l = 0; l < kLanes; l++) pass.lane_mask[l] = block * kLanes + l < data.n ? 1.0f : 0.0f;
  pass.block = block;
  pass.training = options_.size.training;
  if (pass.training) pass.keys = lane_keys(options_.seed, data.step, block);
  return pass;
}

void Batch::run_piece(const Piece& piece, Pass& pass, int thread) const {
  if (kSmallCode || !nanoseconds_ || thread > 0 || piece.op < 0) return piece.run(pass, thread);
  const auto start = std::chrono::steady_clock::now();
  piece.run(pass, thread);
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
  nanoseconds_[piece.op] += spent.count();
}

void Batch::pass_blocks(const Data& data, const std::vector<Piece>& pieces) {
  const int threads = options_.size.threads, blocks = blocks_of(data.n);
  if (blocks >= threads)
    return run_threads(threads, [&](int t) {
      for (int b = blocks * t / threads; b < blocks * (t + 1) / threads; b++) {
        Pass pass = start(data, t, b);
        for (const Piece& piece : pieces) run_piece(piece, pass, t);
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
      run_piece(piece, pass, t);
    });
}

// Operations [from, to) forward, and `from` - 1 down to `to` backward.
void Batch::add_forward(int from, int to, std::vector<Piece>& pieces) const {
  for (int i = from; i < to; i++) {
    const Program& program = workspace_->program;
    pieces.push_back({program.ops()[i]->shares(),
                      [&program, i](Pass& pass, int) { program.forward(i, pass); }, i});
  }
}
void Batch::add_backward(int from, int to, std::vector<Piece>& pieces) const {
  for (int i = from - 1; i >= to; i--) {
    const Program& program = workspace_->program;
    const Op* op = program.ops()[i].get();
    if (op->out.gradient < 0) continue;
    if (const int r = program.repeated(i); !kSmallCode && r >= 0) add_forward(r, r + 1, pieces);
    pieces.push_back(
        {op->shares(), [&program, i](Pass& pass, int) { program.prepare_backward(i, pass); }, i});
    pieces.push_back({op->shares(), [op](Pass& pass, int) { op->backward(pass); }, i});
  }
}

LossResult Batch::run(const Data& data, const std::function<void(long, long)>& finished) {
  workspace_->whole = false;
  draw_shares(data);
  const std::vector<int>& cut_at = workspace_->cuts;
  const auto& ops = workspace_->program.ops();
  const int blocks = blocks_of(data.n), last = static_cast<int>(ops.size());
  const int cuts = static_cast<int>(cut_at.size());
  const double divisor = loss_normaliser(options_.loss, workspace_->program.output().shape,
                                         data.targets, data.index, partner_shares_.data(), data.n);
  workspace_->program.pack(data.parameters, workspace_->gradients[0].size() < kFewParameters
                                                ? 1
                                                : options_.size.threads);

  auto augment = [&](Pass& pass, int thread) {
    const int first = pass.block * kLanes, n = std::min(kLanes, data.n - first);
    int64_t partners[kLanes];
    for (int l = 0; l < n; l++) partners[l] = partner(data, first + l);
    BatchLoader& of_block = loaders_[thread - pass.share.part];
    loaders_[thread].augment(data.images, data.index + first, partners, n, data.step, pass.share,
                             of_block);
  };
  auto load = [&](Pass& pass, int thread) {
    const int first = pass.block * kLanes, n = std::min(kLanes, data.n - first);
    loaders_[thread - pass.share.part].fill(data.images, data.index + first, n,
                                            workspace_->program.input(), pass.memory, pass.share);
  };
  // Forward to each cut, then on; behind the last cut back to it, with the loss between.
  auto add_measure_backward = [&](int cut, std::vector<Piece>& pieces) {
    const Op* op = ops[cut].get();
    pieces.push_back({op->shares(), [op](Pass& pass, int) { op->measure_backward(pass); }, cut});
  };
  for (int s = 0; s <= cuts; s++) {
    std::vector<Piece> pieces;
    if (s == 0) {
      if (!kSmallCode) pieces.push_back({true, augment});
      pieces.push_back({true, load});
    }
    add_forward(s ? cut_at[s - 1] : 0, s < cuts ? cut_at[s] : last, pieces);
    if (s < cuts) {
      Op* op = ops[cut_at[s]].get();
      pieces.push_back({op->shares(), [op](Pass& pass, int) { op->measure(pass); }, cut_at[s]});
      pass_blocks(data, pieces);
      op->reduce(data.n, blocks, data.state);
      continue;
    }
    pieces.push_back(
        {false, [&](Pass& pass, int) { results_[pass.block] = loss(data, pass, divisor); }});
    add_backward(last, cuts ? cut_at[cuts - 1] + 1 : 0, pieces);
    if (cuts) add_measure_backward(cut_at[cuts - 1], pieces);
    pass_blocks(data, pieces);
  }
  for (int s = cuts - 1; s >= 0; s--) {
    ops[cut_at[s]]->reduce_backward(data.n, blocks, workspace_->gradients[0].data());
    const int to = s ? cut_at[s - 1] + 1 : 0;
    std::vector<Piece> pieces;
    add_backward(cut_at[s] + 1, to, pieces);
    if (s) add_measure_backward(to - 1, pieces);
    pass_blocks(data, pieces);
  }
  run_threads(options_.size.threads, [&](int t) {
    for (const Workspace::Unit& unit : workspace_->units[t]) complete(unit, blocks, finished);
  });

  workspace_->whole = true;
  LossResult total{};
  for (int b = 0; b < blocks; b++) {
    total.loss += results_[b].loss;
    total.correct += results_[b].correct;
  }
  return total;
}

void Batch::complete(const Workspace::Unit& unit, int blocks,
                     const std::function<void(long, long)>& finished) {
  float* gradient = workspace_->gradients[0].data();
  if (unit.op) {
    unit.op->write_gradient(unit.first, unit.last, blocks, gradient);
    return finished(unit.begin, unit.end);
  }
  for (int t = 1; t < options_.size.threads; t++) {
    float* other = workspace_->gradients[t].data();
    for (long i = unit.begin; i < unit.end; i++) gradient[i] += other[i];
    std::fill(other + unit.begin, other + unit.end, 0.0f);
  }
  finished(unit.begin, unit.end);
  std::fill(gradient + unit.begin, gradient + unit.end, 0.0f);
}

void Batch::copy_input_gradient(int n, float* out) const {
  const Slot& slot = workspace_->program.input();
  for (int first = 0; first < n; first += kLanes)
    copy_images(slot.gradient_layout, workspace_->memories[first / kLanes].get() + slot.gradient,
                std::min(kLanes, n - first), out + first * slot.shape.size());
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
