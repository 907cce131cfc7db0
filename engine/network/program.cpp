// Building a program: fusion, forks where a value has several readers, memory; see program.h.
#include "network/program.h"

#include <atomic>
#include <new>

#include "network/batch/fused.h"
#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

OpPointer make_op(const Step& step) {
  switch (step.kind) {
  case Kind::conv:
    return make_convolution(step, {});
  case Kind::linear:
    return make_linear(step, false);
  case Kind::max_pool:
  case Kind::avg_pool:
  case Kind::sum_pool:
    return make_pooling(step);
  case Kind::flatten:
    return make_flatten(step);
  case Kind::batch_norm:
    return make_batch_norm(step, false);
  case Kind::concat:
    return make_concat(step);
  case Kind::gate:
    return make_gate(step, false);
  case Kind::softmax:
    return make_softmax(step);
  case Kind::adaptive_avg_pool:
  case Kind::upsample:
    return make_resize(step);
  case Kind::group_norm:
    return make_group_norm(step);
  case Kind::conv_transpose:
    return make_conv_transpose(step);
  case Kind::rbf:
    return make_rbf(step);
  default:
    return make_elementwise(step);
  }
}

Shape same(Shape shape) { return shape; }

// Windows side by side, inside the plane.
bool simple_max_pool(const Step& s) {
  return s.kind == Kind::max_pool && s.kernel_h == s.stride_y && s.kernel_w == s.stride_x &&
         s.padding.top + s.padding.bottom + s.padding.left + s.padding.right == 0 &&
         s.kernel_h * s.kernel_w < 0xffff;
}

} // namespace

const OpFactories kBatchFactories{make_convolution, make_linear, make_op, same, make_batch_norm};

int Program::add_slot(Shape shape) {
  slots_.push_back({});
  slots_.back().shape = shape;
  root_.push_back(static_cast<int>(slots_.size()) - 1);
  return root_.back();
}

void Program::add(OpPointer op, int in, int other, int out) {
  ops_.push_back(std::move(op));
  wiring_.push_back({in, other, out, false});
}

// Makes a slot known as a value, with a fork for each reader beyond the first.
void Program::publish(int value, int slot) {
  std::vector<int> free{slot};
  for (int i = 1; i < readers_[value]; i++) {
    int from = free.back(), a = add_slot(slots_[from].shape), b = add_slot(slots_[from].shape);
    root_[a] = root_[b] = root_[from];
    add(make_fork(), from, b, a);
    free.back() = a;
    free.push_back(b);
  }
  unread_[value] = free;
}

int Program::take(int value) {
  int slot = unread_[value].back();
  unread_[value].pop_back();
  return slot;
}

// Adds step k, with the steps behind it that it can take along; returns the last of them.
int Program::add_fusible(const std::vector<Step>& steps, int k, const ProgramOptions& options) {
  const OpFactories& make = *options.factories;
  const Step& step = steps[k];
  int last = k;
  // The next step, if it is the only reader of the value made so far.
  auto next = [&]() -> const Step* {
    if (!options.fuse || last + 1 >= static_cast<int>(steps.size())) return nullptr;
    const Step& s = steps[last + 1];
    return s.input == last + 1 && readers_[last + 1] == 1 ? &s : nullptr;
  };
  OpPointer op;
  Made made{k, k, {}};
  if (step.kind == Kind::conv) {
    Fused fused;
    for (const Step* s = next(); s; s = next()) {
      if (s->kind == Kind::relu && !fused.relu) {
        fused.relu = true;
      } else if (simple_max_pool(*s) && !fused.max_pool) {
        fused.max_pool = true;
        fused.pool_h = s->kernel_h;
        fused.pool_w = s->kernel_w;
        fused.pooled = s->out;
      } else {
        break;
      }
      last++;
    }
    op = options.exact ? make_direct_convolution(step, fused) : make.convolution(step, fused);
    made.fused = fused;
  } else if (step.kind == Kind::linear) {
    const Step* s = next();
    const bool with_relu = s && s->kind == Kind::relu;
    last += with_relu;
    op = make.linear(step, with_relu);
  } else if (step.kind == Kind::batch_norm && make.batch_norm) {
    const Step* s = next();
    const bool with_relu = s && s->kind == Kind::relu;
    last += with_relu;
    op = make.batch_norm(step, with_relu);
  } else {
    op = make.other(step);
  }
  int in = take(step.input);
  int other = step.other >= 0 ? take(step.other) : -1;
  int out = add_slot(steps[last].out);
  add(std::move(op), in, other, out);
  wiring_.back().parameters = step.weight >= 0;
  made.last = last;
  made.op = static_cast<int>(ops_.size()) - 1;
  made_.push_back(made);
  for (int i = k; i <= last; i++) outputs_.push_back(out);
  publish(last + 1, out);
  return last;
}

Program::Program(Shape input, const std::vector<Step>& steps, const ProgramOptions& options) {
  readers_.assign(steps.size() + 1, 0);
  unread_.resize(steps.size() + 1);
  for (const Step& s : steps) {
    readers_[s.input]++;
    if (s.other >= 0) readers_[s.other]++;
  }
  outputs_.reserve(steps.size());
  publish(0, add_slot(input));
  for (int k = 0; k < static_cast<int>(steps.size()); k++) k = add_fusible(steps, k, options);
  lay_out(options);
}

// Operations are built when they are packed for the first time: one thread each.
void Program::pack(const float* parameters, int threads) {
  const int count = static_cast<int>(ops_.size());
  std::atomic<int> left = packed_ ? 0 : count;
  run_threads(threads, [&](int t) {
    if (packed_)
      for (const OpPointer& op : ops_) op->pack(parameters, {t, threads});
    else // the last have the most weights, as a rule
      for (int i; (i = left.fetch_sub(1) - 1) >= 0;) ops_[i]->pack(parameters, {});
  });
  packed_ = true;
}

// Whether all who read a slot read planar values; only the network's input is ever offered so.
bool Program::is_planar(int slot) const {
  if (root_[slot] != 0) return false;
  for (size_t i = 0; i < ops_.size(); i++) {
    const Wiring& w = wiring_[i];
    const bool reads = root_[w.in] == 0 || (w.other >= 0 && root_[w.other] == 0);
    if (reads && root_[w.out] != 0 && !ops_[i]->reads_planar()) return false;
  }
  return true;
}

void Program::lay_out(const ProgramOptions& options) {
  std::vector<Halo> halos(slots_.size()), gradient_halos(slots_.size());
  std::vector<int> gradient_root(slots_.size()); // the slot whose gradient's memory it shares
  for (size_t i = 0; i < slots_.size(); i++) gradient_root[i] = static_cast<int>(i);
  // A gradient is asked for if something before it learns.
  std::vector<bool> asked(slots_.size(), false);
  asked[0] = options.input_gradient;
  for (size_t i = 0; i < ops_.size(); i++) {
    const Wiring& w = wiring_[i];
    halos[root_[w.in]].cover(ops_[i]->input_halo());
    const bool fork = w.other >= 0 && root_[w.other] == root_[w.in] && root_[w.out] == root_[w.in];
    asked[w.out] = w.parameters || asked[w.in] || (w.other >= 0 && !fork && asked[w.other]);
    if (fork) asked[w.other] = asked[w.in];
    if (asked[w.in] && ops_[i]->gradient_in_place()) gradient_root[w.out] = gradient_root[w.in];
    gradient_halos[gradient_root[w.out]].cover(ops_[i]->gradient_halo());
  }
  auto reserve = [&](long vecs) {
    long at = memory_;
    memory_ += (vecs + 15) / 16 * 16;
    return at;
  };
  for (size_t i = 0; i < slots_.size(); i++) {
    Slot& slot = slots_[i];
    const bool own = root_[i] == static_cast<int>(i);
    slot.planar = is_planar(static_cast<int>(i));
    if (!slot.planar) slot.shape = options.factories->stored(slot.shape);
    slot.value_layout = Layout(slot.shape, halos[root_[i]]);
    const long size = slot.value_layout.size();
    slot.value =
        own ? reserve(slot.planar ? (size + kLanes - 1) / kLanes : size) : slots_[root_[i]].value;
    if (options.gradients && (asked[i] || static_cast<int>(i) == outputs_.back())) {
      const int root = gradient_root[i]; // laid out before: it is the slot of an earlier operation
      slot.gradient_layout = Layout(slot.shape, gradient_halos[root]);
      slot.gradient = root == static_cast<int>(i) ? reserve(slot.gradient_layout.size())
                                                  : slots_[root].gradient;
    }
  }
  for (size_t i = 0; i < ops_.size(); i++) {
    ops_[i]->in = slots_[wiring_[i].in];
    ops_[i]->out = slots_[wiring_[i].out];
    if (wiring_[i].other >= 0) ops_[i]->other = slots_[wiring_[i].other];
    ops_[i]->saved_at = reserve(ops_[i]->saved());
    scratch_ = std::max(scratch_, ops_[i]->scratch());
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
