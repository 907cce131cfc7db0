// Building a program: fusion, forks where a value has several readers, memory; see program.h.
#include "network/program.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "network/batch/fused.h"
#include "network/rows.h"
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
  wiring_.push_back({in, other, out, false, Reread::bound});
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
  if (!kSmallCode) wiring_.back().reread = reread(step);
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

Program::Reread Program::reread(const Step& s) {
  switch (s.kind) {
  case Kind::max_pool:
  case Kind::avg_pool:
  case Kind::sum_pool:
  case Kind::add:
  case Kind::flatten:
    return Reread::never;
  case Kind::conv: {
    // Of each value read. ResNet-9 (3 x 3 of 128 and more) is 4 % slower if it comes again; a
    // network of depthwise and 1 x 1 convolutions of up to 256 channels is a tenth faster.
    const long products = static_cast<long>(s.kernel_h) * s.kernel_w * s.out.size() *
                          (s.in.channels / s.groups) / s.in.size();
    return products < 512 ? Reread::bound : Reread::hidden;
  }
  default:
    return Reread::bound;
  }
}

void Program::forward(int i, Pass& pass) const {
  const Op& op = *ops_[i];
  if (!kSmallCode && op.out.brief_value)
    clear_halo(pass.value(op.out), op.out.value_layout, pass.share);
  op.forward(pass);
}

void Program::prepare_backward(int i, Pass& pass) const {
  const Op& op = *ops_[i];
  if (!kSmallCode && op.out.brief_gradient) {
    const Halo halo = op.gradient_halo();
    if (halo.top | halo.bottom | halo.left | halo.right)
      clear_halo(pass.gradient_of(op.out), op.out.gradient_layout, pass.share);
  }
  op.prepare_backward(pass);
}

// An output that comes again, or is not read again, need not stay from forward to backward: to
// compute it anew from an input that is read then anyway is quicker than to write it to memory and
// to read it back. Of one reader, which asks for it in `backward` only.
void Program::find_repeated() {
  std::vector<int> sharing(slots_.size(), 0);
  for (int root : root_) sharing[root]++;
  for (int i = 0; i < static_cast<int>(ops_.size()); i++) {
    const Wiring& w = wiring_[i];
    if (!ops_[i]->repeats() || sharing[w.out] > 1 || slots_[w.in].brief_value) continue;
    for (int j = i + 1; j < static_cast<int>(ops_.size()); j++) {
      if (wiring_[j].in != w.out && wiring_[j].other != w.out) continue;
      const Reread how = wiring_[j].reread;
      if (ops_[j]->needs_batch() || how == Reread::hidden) break;
      slots_[w.out].brief_value = true;
      if (how == Reread::bound) repeated_[j] = i;
      break;
    }
  }
}

// Places each where none lies that is needed at the same time, the largest first.
long Program::lay_out_briefs(std::vector<Brief>& briefs) const {
  std::vector<Brief*> order;
  for (Brief& b : briefs) order.push_back(&b);
  std::stable_sort(order.begin(), order.end(),
                   [](const Brief* a, const Brief* b) { return a->vecs > b->vecs; });
  std::vector<const Brief*> placed; // by where they lie
  long vecs = 0;
  for (Brief* brief : order) {
    brief->at = 0;
    for (const Brief* other : placed)
      if (other->first <= brief->last && brief->first <= other->last &&
          other->at < brief->at + brief->vecs)
        brief->at = std::max(brief->at, other->at + other->vecs);
    auto behind = std::find_if(placed.begin(), placed.end(),
                               [&](const Brief* other) { return other->at > brief->at; });
    placed.insert(behind, brief);
    vecs = std::max(vecs, brief->at + brief->vecs);
  }
  return vecs;
}

void Program::lay_out(const ProgramOptions& options) {
  repeated_.assign(ops_.size(), -1);
  const bool thrifty = !kSmallCode && options.thrifty;
  if (thrifty) find_repeated();
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
  const auto rounded = [](long vecs) { return (vecs + 15) / 16 * 16; };
  auto reserve = [&](long vecs) {
    long at = memory_;
    memory_ += rounded(vecs);
    return at;
  };
  // The memory of values, gradients and what operations ask for that need it for a while only.
  const int last = static_cast<int>(ops_.size());
  std::vector<Brief> briefs;
  std::vector<int> brief_value(slots_.size(), -1), brief_gradient(slots_.size(), -1);
  auto touch = [&](int slot, int i) {
    for (int b : {brief_value[root_[slot]], brief_gradient[gradient_root[slot]]}) {
      if (b < 0) continue;
      briefs[b].first = std::min(briefs[b].first, i);
      briefs[b].last = std::max(briefs[b].last, i);
    }
  };
  for (int i = 0; i < static_cast<int>(slots_.size()); i++) {
    Slot& slot = slots_[i];
    const int root = gradient_root[i]; // laid out before: it is the slot of an earlier operation
    slot.planar = is_planar(i);
    if (!slot.planar) slot.shape = options.factories->stored(slot.shape);
    slot.value_layout = Layout(slot.shape, halos[root_[i]]);
    const long size = slot.value_layout.size();
    if (thrifty && slot.brief_value) {
      brief_value[i] = static_cast<int>(briefs.size());
      briefs.push_back({last, 0, rounded(size), 0});
    } else {
      slot.value = root_[i] == i ? reserve(slot.planar ? (size + kLanes - 1) / kLanes : size)
                                 : slots_[root_[i]].value;
    }
    if (!options.gradients || !(asked[i] || i == outputs_.back())) continue;
    slot.gradient_layout = Layout(slot.shape, gradient_halos[root]);
    slot.brief_gradient = thrifty && root != 0; // that of the network's input is asked for
    slot.gradient = root == i ? 0 : slots_[root].gradient;
    if (root != i) continue;
    if (thrifty && slot.brief_gradient) {
      brief_gradient[i] = static_cast<int>(briefs.size());
      briefs.push_back({last, 0, rounded(slot.gradient_layout.size()), 0});
    } else {
      slot.gradient = reserve(slot.gradient_layout.size());
    }
  }
  for (int i = 0; thrifty && i < last; i++)
    for (int slot : {wiring_[i].in, wiring_[i].other, wiring_[i].out})
      if (slot >= 0) touch(slot, i);
  if (thrifty) touch(outputs_.back(), last);
  for (int i = 0; i < last; i++) {
    Op& op = *ops_[i];
    op.in = slots_[wiring_[i].in];
    op.out = slots_[wiring_[i].out];
    if (wiring_[i].other >= 0) op.other = slots_[wiring_[i].other];
    op.saved_at = reserve(op.saved());
    scratch_ = std::max(scratch_, op.scratch());
    if (!thrifty)
      op.brief_at = reserve(op.brief());
    else if (op.brief())
      briefs.push_back({i, i, rounded(op.brief()), 0});
  }
  if (!thrifty) return;
  const long begin = reserve(lay_out_briefs(briefs));
  for (Slot& slot : slots_) {
    const size_t i = &slot - slots_.data();
    if (brief_value[i] >= 0) slot.value = begin + briefs[brief_value[i]].at;
    const int b = brief_gradient[gradient_root[i]];
    if (slot.gradient >= 0 && b >= 0) slot.gradient = begin + briefs[b].at;
  }
  size_t next = briefs.size();
  for (int i = last - 1; i >= 0; i--) {
    Op& op = *ops_[i];
    if (op.brief()) op.brief_at = begin + briefs[--next].at;
    op.brief_is_shared = true;
    op.in = slots_[wiring_[i].in];
    op.out = slots_[wiring_[i].out];
    if (wiring_[i].other >= 0) op.other = slots_[wiring_[i].other];
  }
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
