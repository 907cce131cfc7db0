// See program.h.
#include "network/channels/program.h"

#include <bit>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

OpPointer make_op(const Step& step) {
  switch (step.kind) {
  case Kind::rbf:
    return channels::make_rbf(step);
  case Kind::affine:
  case Kind::batch_norm:
    return make_scale(step);
  case Kind::concat:
    return channels::make_concat(step);
  case Kind::gate:
    return make_gate(step, true);
  case Kind::softmax:
    return make_in_block(step, make_softmax(step));
  case Kind::group_norm:
    return make_in_block(step, make_group_norm(step));
  case Kind::conv_transpose:
    return make_in_block(step, make_conv_transpose(step));
  case Kind::adaptive_avg_pool:
  case Kind::upsample:
    return make_resize(step);
  case Kind::flatten:
    return channels::make_flatten(step);
  case Kind::max_pool:
  case Kind::avg_pool:
  case Kind::sum_pool:
    return make_pooling(step);
  default:
    return make_elementwise(step);
  }
}

// Windows side by side, inside the plane.
bool simple_max_pool(const Step& s) {
  return s.kind == Kind::max_pool && s.kernel_h == s.stride_y && s.kernel_w == s.stride_x &&
         s.padding.top + s.padding.bottom + s.padding.left + s.padding.right == 0;
}

bool is_pointwise(const Step& s) {
  return s.kind == Kind::conv && s.kernel_h * s.kernel_w == 1 && s.stride_y * s.stride_x == 1 &&
         s.groups == 1 && s.connections.empty() && s.in.height == s.out.height &&
         s.in.width == s.out.width;
}

void set_activation(const Step& s, Following& then) {
  then.activate = activation_in_place(s);
  then.activation = s.kind;
  then.slope = s.slope;
}

} // namespace

Program::Program(Shape input, const std::vector<Step>& steps, int images, Rounding rounding)
    : images_(images), readers_(steps.size() + 1) {
  for (const Step& s : steps) {
    readers_[s.input]++;
    if (s.other >= 0) readers_[s.other]++;
  }
  readers_[steps.size()]++; // the caller
  for (int k = 0; k < static_cast<int>(steps.size()); k = stages_.back().last + 1)
    add_stage(steps, k, rounding);
  group();
  lay_out(steps, input);
}

// The step behind a stage, if it is the only reader of the stage's value.
const Step* Program::next(const std::vector<Step>& steps, const Stage& stage) const {
  const int value = stage.last + 1;
  if (value >= static_cast<int>(steps.size()) || readers_[value] != 1) return nullptr;
  const Step& s = steps[value];
  return s.input == value || s.other == value ? &s : nullptr;
}

// What the convolution that ends a stage takes along: these steps join the stage.
Following Program::take_along(const std::vector<Step>& steps, Stage& stage, const Method& method,
                              bool pools) {
  Following then;
  then.images = images_;
  while (const Step* s = then.max_pool || then.activate ? nullptr : next(steps, stage)) {
    const bool before_relu = !then.relu && !then.add;
    if ((s->kind == Kind::batch_norm || s->kind == Kind::affine) && before_relu) {
      then.scales.push_back(*s);
    } else if (s->kind == Kind::relu && before_relu) {
      then.relu = true;
    } else if (s->kind == Kind::relu && then.add && !then.relu_after_add) {
      then.relu_after_add = true;
    } else if (method.activates && before_relu && activation_in_place(*s)) {
      set_activation(*s, then);
    } else if (s->kind == Kind::add && method.sums_along && !then.add) {
      const int value = s->input == stage.last + 1 ? s->other : s->input;
      if (value > stage.first) break; // not made yet
      then.add = true;
      stage.other = value;
    } else if (pools && simple_max_pool(*s) && !then.add) {
      then.max_pool = true;
      then.pool_h = s->kernel_h;
      then.pool_w = s->kernel_w;
      then.pooled = s->out;
    } else {
      break;
    }
    stage.last++;
  }
  return then;
}

Following Program::take_activation(const std::vector<Step>& steps, Stage& stage) const {
  Following then;
  const Step* s = next(steps, stage);
  if (!s || !activation_in_place(*s)) return then;
  if (s->kind == Kind::relu)
    then.relu = true;
  else
    set_activation(*s, then);
  stage.last++;
  return then;
}

// Adds step k, with the steps behind it that it can take along.
void Program::add_stage(const std::vector<Step>& steps, int k, Rounding rounding) {
  const Step& step = steps[k];
  Stage stage{nullptr, k, k, step.input, step.other, k + 1, 1, {}};
  const Step* behind = next(steps, stage);
  const bool flat =
      !kSmallCode && step.kind == Kind::flatten && behind && behind->kind == Kind::linear;
  if (step.kind == Kind::linear || flat) {
    Step linear = flat ? *behind : step;
    stage.method.cycles = other_cycles(linear);
    if (flat) { // each thread makes its own flat input
      linear.in = step.in;
      stage.last++;
    }
    stage.op = channels::make_linear(linear, take_activation(steps, stage));
    stage.method.axis = "inputs";
    stage.method.name = "products of rows";
  } else if (step.kind != Kind::conv) {
    stage.op = make_op(step);
  } else {
    const Method alone = choose_method(step, {}, images_, rounding);
    Following then = take_along(steps, stage, alone, true);
    const Step* point = next(steps, stage);
    // In bfloat16 the 1 x 1 layer is quicker by itself.
    if (rounding != Rounding::bfloat16 && !declines_depthwise(step) && !then.add &&
        !then.max_pool && point && is_pointwise(*point)) {
      stage.last++;
      then.pointwise.push_back({*point, take_along(steps, stage, alone, false)});
    }
    stage.method = choose_method(step, then, images_, rounding);
    stage.op = stage.method.make(step, then);
  }
  if (stage.method.cycles == 0) stage.method.cycles = other_cycles(step);
  stage.out = stage.last + 1;
  stages_.push_back(std::move(stage));
}

// Images side by side: as many as a method wants, but never fewer than before, so that a value
// changes from one number to the next once.
void Program::group() {
  int together = 1;
  for (Stage& stage : stages_) {
    const int wanted =
        static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(1, stage.method.together))));
    together = std::min(images_, std::max(together, wanted));
    stage.together = together;
  }
}

void Program::lay_out(const std::vector<Step>& steps, Shape input) {
  const int values = static_cast<int>(steps.size()) + 1;
  slots_.resize(values);
  std::vector<Halo> halos(values);
  std::vector<int> least(values, 0), most(values, 0); // images side by side where it is used
  slots_[0].planar = true;
  auto use = [&](int value, int together) {
    least[value] = least[value] ? std::min(least[value], together) : together;
    most[value] = std::max(most[value], together);
  };
  use(0, stages_[0].together);
  for (const Stage& stage : stages_) {
    halos[stage.in].cover(stage.op->input_halo());
    if (stage.in == 0 && !stage.op->reads_planar()) slots_[0].planar = false;
    if (stage.other == 0) slots_[0].planar = false;
    use(stage.in, stage.together);
    use(stage.out, stage.together);
    if (stage.other >= 0) use(stage.other, stage.together);
  }
  for (int v = 0; v < values; v++) {
    Slot& slot = slots_[v];
    slot.shape = v == 0 ? input : steps[v - 1].out;
    if (!slot.planar) slot.shape = stored(slot.shape);
    if (!most[v]) continue;
    slot.value_layout = Layout(slot.shape, halos[v]);
    const long size = slot.value_layout.size();
    slot.image = ((slot.planar ? (size + kLanes - 1) / kLanes : size) + 15) / 16 * 16;
    const int images = least[v] == most[v] ? most[v] : images_;
    slot.image_mask = images - 1;
    slot.value = memory_;
    memory_ += slot.image * images;
  }
  for (Stage& stage : stages_) {
    stage.op->in = slots_[stage.in];
    stage.op->out = slots_[stage.out];
    if (stage.other >= 0) stage.op->other = slots_[stage.other];
    scratch_ = std::max(scratch_, stage.op->scratch());
  }
}

double Program::cycles() const {
  double total = 0;
  for (const Stage& stage : stages_) total += stage.method.cycles;
  return total;
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
