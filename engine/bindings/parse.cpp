// Reading what Python describes; see parse.h. Python has checked its sense; here only what would
// let the engine read or write outside of its arrays is refused.
#include "bindings/parse.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <array>
#include <stdexcept>

namespace nb = nanobind;

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

template <typename T>
T get(nb::dict d, const char* key, T otherwise) {
  return d.contains(key) && !d[key].is_none() ? nb::cast<T>(d[key]) : otherwise;
}

template <int N>
std::array<int, N> get_ints(nb::dict d, const char* key, int otherwise) {
  std::array<int, N> values;
  values.fill(otherwise);
  if (!d.contains(key)) return values;
  nb::sequence sequence = nb::cast<nb::sequence>(d[key]);
  if (nb::len(sequence) != N)
    throw std::invalid_argument(std::string(key) + " must have " + std::to_string(N) + " entries");
  for (int i = 0; i < N; i++) values[i] = nb::cast<int>(sequence[i]);
  return values;
}

struct Name {
  const char* text;
  Kind kind;
};
constexpr Name kNames[] = {
    {"conv", Kind::conv},
    {"linear", Kind::linear},
    {"max_pool", Kind::max_pool},
    {"avg_pool", Kind::avg_pool},
    {"sum_pool", Kind::sum_pool},
    {"flatten", Kind::flatten},
    {"relu", Kind::relu},
    {"tanh", Kind::tanh},
    {"leaky_relu", Kind::leaky_relu},
    {"scaled_tanh", Kind::scaled_tanh},
    {"sigmoid", Kind::sigmoid},
    {"gelu", Kind::gelu},
    {"silu", Kind::silu},
    {"dropout", Kind::dropout},
    {"batch_norm", Kind::batch_norm},
    {"add", Kind::add},
    {"affine", Kind::affine},
    {"rbf", Kind::rbf},
    {"concat", Kind::concat},
    {"gate", Kind::gate},
    {"relu6", Kind::relu6},
    {"hard_sigmoid", Kind::hard_sigmoid},
    {"hard_swish", Kind::hard_swish},
    {"softmax", Kind::softmax},
    {"drop_path", Kind::drop_path},
    {"adaptive_avg_pool", Kind::adaptive_avg_pool},
    {"upsample", Kind::upsample},
    {"group_norm", Kind::group_norm},
    {"conv_transpose", Kind::conv_transpose},
};

Kind kind_of(const std::string& name) {
  for (const Name& n : kNames)
    if (name == n.text) return n.kind;
  throw std::invalid_argument("unknown op: " + name);
}

int output_size(int in, int before, int after, int kernel, int stride, int dilation) {
  int room = in + before + after - dilation * (kernel - 1) - 1;
  if (kernel < 1 || stride < 1 || dilation < 1 || before < 0 || after < 0 || room < 0)
    throw std::invalid_argument("a window does not fit its input");
  return room / stride + 1;
}

void parse_windows(nb::dict d, Step& s) {
  auto [kh, kw] = get_ints<2>(d, "kernel", 1);
  auto [sy, sx] = get_ints<2>(d, "stride", 1);
  auto [dy, dx] = get_ints<2>(d, "dilation", 1);
  auto [top, bottom, left, right] = get_ints<4>(d, "padding", 0);
  s.kernel_h = kh, s.kernel_w = kw, s.stride_y = sy, s.stride_x = sx;
  s.dilation_y = dy, s.dilation_x = dx;
  s.padding = {top, bottom, left, right};
  s.out.height = output_size(s.in.height, top, bottom, kh, sy, dy);
  s.out.width = output_size(s.in.width, left, right, kw, sx, dx);
}

void parse_size(nb::dict d, Step& s) {
  auto [height, width] = get_ints<2>(d, "size", 0);
  if (height < 1 || width < 1) throw std::invalid_argument("size must be positive");
  s.out.height = height, s.out.width = width;
}

// How many weights a transposed convolution has. What its taps would reach beyond is left out.
long parse_transposed(nb::dict d, Step& s) {
  parse_size(d, s);
  auto [kh, kw] = get_ints<2>(d, "kernel", 1);
  auto [sy, sx] = get_ints<2>(d, "stride", 1);
  auto [dy, dx] = get_ints<2>(d, "dilation", 1);
  auto [top, bottom, left, right] = get_ints<4>(d, "padding", 0);
  s.groups = get(d, "groups", 1);
  if (kh < 1 || kw < 1 || sy < 1 || sx < 1 || dy < 1 || dx < 1 || top < 0 || left < 0)
    throw std::invalid_argument("a window does not fit its input");
  if (s.groups < 1 || s.in.channels % s.groups || s.out.channels % s.groups)
    throw std::invalid_argument("groups must divide the channels");
  s.kernel_h = kh, s.kernel_w = kw, s.stride_y = sy, s.stride_x = sx;
  s.dilation_y = dy, s.dilation_x = dx;
  s.padding = {top, bottom, left, right};
  return static_cast<long>(s.in.channels) * (s.out.channels / s.groups) * kh * kw;
}

// How many weights a convolution has.
long parse_connections(nb::dict d, Step& s) {
  s.groups = get(d, "groups", 1);
  if (s.groups < 1 || s.in.channels % s.groups || s.out.channels % s.groups)
    throw std::invalid_argument("groups must divide the channels");
  long links = static_cast<long>(s.out.channels) * (s.in.channels / s.groups);
  if (d.contains("connections") && !d["connections"].is_none()) {
    auto table = nb::cast<nb::ndarray<const uint8_t, nb::ndim<2>, nb::c_contig>>(d["connections"]);
    if (table.shape(0) != static_cast<size_t>(s.out.channels) ||
        table.shape(1) != static_cast<size_t>(s.in.channels))
      throw std::invalid_argument("connections must be (out, in)");
    s.connections.assign(table.data(), table.data() + table.size());
    links = 0;
    for (uint8_t c : s.connections) links += c != 0;
  }
  return links * s.kernel_h * s.kernel_w;
}

bool broadcasts(const Shape& s, const Shape& to) {
  auto fits = [](int size, int other) { return size == 1 || size == other; };
  return fits(s.channels, to.channels) && fits(s.height, to.height) && fits(s.width, to.width);
}

void check_range(long offset, long size, long count, const char* what) {
  if (offset >= 0 && offset + size > count)
    throw std::invalid_argument(std::string(what) + " reaches beyond its array");
}

} // namespace

std::vector<Step> parse_steps(nb::sequence steps, Shape input, long parameter_count,
                              long state_count) {
  std::vector<Step> parsed;
  std::vector<Shape> values{input};
  for (nb::handle item : steps) {
    nb::dict d = nb::cast<nb::dict>(item);
    const int k = static_cast<int>(parsed.size());
    Step s;
    s.kind = kind_of(nb::cast<std::string>(d["op"]));
    s.index = k;
    s.input = get(d, "input", k);
    if (s.input < 0 || s.input > k) throw std::invalid_argument("input: no such value");
    s.in = s.out = values[s.input];
    s.other = get(d, "other", -1);
    if (s.other < -1 || s.other > k) throw std::invalid_argument("other: no such value");
    if (s.other >= 0) s.other_shape = values[s.other];
    s.weight = get<long>(d, "weight", -1);
    s.bias = get<long>(d, "bias", -1);
    long weights = s.in.channels, biases = 0;
    switch (s.kind) {
    case Kind::conv:
      s.out.channels = get(d, "out_channels", 0);
      parse_windows(d, s);
      weights = parse_connections(d, s);
      break;
    case Kind::max_pool:
    case Kind::avg_pool:
    case Kind::sum_pool:
      parse_windows(d, s);
      s.count_include_pad = get(d, "count_include_pad", true);
      break;
    case Kind::linear:
      s.out = {get(d, "out_features", 0), 1, 1};
      weights = s.in.size() * s.out.channels;
      break;
    case Kind::rbf:
      s.out = {get(d, "out_features", 0), 1, 1};
      s.centres = get<long>(d, "centres", 0);
      s.scale = get(d, "scale", 1.0f);
      check_range(s.centres, s.in.size() * s.out.channels, state_count, "centres");
      break;
    case Kind::flatten:
      s.out = {static_cast<int>(s.in.size()), 1, 1};
      break;
    case Kind::leaky_relu:
      s.slope = get(d, "slope", 0.01f);
      break;
    case Kind::adaptive_avg_pool:
    case Kind::upsample:
      parse_size(d, s);
      s.linear = get(d, "linear", false);
      break;
    case Kind::group_norm:
      s.groups = get(d, "groups", 1);
      if (s.groups < 0 || (s.groups && s.in.channels % s.groups))
        throw std::invalid_argument("groups must divide the channels");
      s.each_value = get(d, "each_value", false);
      s.eps = get(d, "eps", 1e-5f);
      weights = biases = s.each_value ? s.in.size() : s.in.channels;
      break;
    case Kind::conv_transpose:
      s.out.channels = get(d, "out_channels", 0);
      weights = parse_transposed(d, s);
      break;
    case Kind::drop_path:
    case Kind::dropout:
      s.p = get(d, "p", 0.5f);
      break;
    case Kind::batch_norm:
      s.eps = get(d, "eps", 1e-5f);
      s.momentum = get(d, "momentum", 0.1f);
      s.mean = get<long>(d, "mean", 0);
      s.variance = get<long>(d, "variance", 0);
      check_range(s.mean, s.in.channels, state_count, "mean");
      check_range(s.variance, s.in.channels, state_count, "variance");
      break;
    case Kind::add:
      if (s.other < 0 || !(s.other_shape == s.in))
        throw std::invalid_argument("add: the two values must have one shape");
      break;
    case Kind::concat:
      if (s.other < 0 || s.other_shape.height != s.in.height || s.other_shape.width != s.in.width)
        throw std::invalid_argument("concat: the two values must have planes of one size");
      s.out.channels = s.in.channels + s.other_shape.channels;
      break;
    case Kind::gate:
      if (s.other < 0 || !broadcasts(s.other_shape, s.in))
        throw std::invalid_argument("gate: the factors do not fit the input");
      break;
    default:
      break;
    }
    if (s.out.channels < 1) throw std::invalid_argument("a step without outputs");
    check_range(s.weight, weights, parameter_count, "weight");
    check_range(s.bias, biases ? biases : s.out.channels, parameter_count, "bias");
    values.push_back(s.out);
    parsed.push_back(std::move(s));
  }
  return parsed;
}

Loss parse_loss(nb::dict d) {
  Loss loss;
  const std::string name = nb::cast<std::string>(d["name"]);
  if (name != "cross_entropy" && name != "mse")
    throw std::invalid_argument("unknown loss: " + name);
  loss.kind = name == "mse" ? LossKind::mse : LossKind::cross_entropy;
  loss.label_smoothing = get(d, "label_smoothing", 0.0f);
  if (d.contains("class_weights") && !d["class_weights"].is_none()) {
    auto weights =
        nb::cast<nb::ndarray<const float, nb::ndim<1>, nb::c_contig>>(d["class_weights"]);
    loss.class_weights.assign(weights.data(), weights.data() + weights.size());
  }
  return loss;
}

Optimizer parse_optimizer(nb::dict d) {
  Optimizer o;
  const std::string name = nb::cast<std::string>(d["name"]);
  if (name == "sgd")
    o.kind = OptimizerKind::sgd;
  else if (name == "adam")
    o.kind = OptimizerKind::adam;
  else if (name == "adamw")
    o.kind = OptimizerKind::adamw;
  else
    throw std::invalid_argument("unknown optimizer: " + name);
  o.momentum = get(d, "momentum", 0.0f);
  o.nesterov = get(d, "nesterov", false);
  o.weight_decay = get(d, "weight_decay", 0.0f);
  o.eps = get(d, "eps", 1e-8f);
  if (d.contains("betas")) {
    nb::sequence betas = nb::cast<nb::sequence>(d["betas"]);
    o.beta1 = nb::cast<float>(betas[0]);
    o.beta2 = nb::cast<float>(betas[1]);
  }
  return o;
}

Augmentation parse_augmentation(nb::object object, int channels) {
  Augmentation a;
  if (object.is_none()) return a;
  nb::dict d = nb::cast<nb::dict>(object);
  const struct {
    const char* name;
    float& value;
  } numbers[] = {
      {"crop", a.crop},
      {"shift", a.shift},
      {"rotate", a.rotate},
      {"scale", a.scale},
      {"shear", a.shear},
      {"elastic_alpha", a.elastic_alpha},
      {"elastic_sigma", a.elastic_sigma},
      {"brightness", a.brightness},
      {"contrast", a.contrast},
      {"saturation", a.saturation},
      {"hue", a.hue},
      {"erase", a.erase},
      {"noise", a.noise},
      {"mixup", a.mixup},
      {"cutmix", a.cutmix},
      {"fill", a.fill},
  };
  for (const auto& [name, value] : numbers) value = get(d, name, 0.0f);
  a.flip = get(d, "flip", false);
  a.vflip = get(d, "vflip", false);
  a.operations = get(d, "operations", 0);
  a.magnitude = get(d, "magnitude", 0);
  if (d.contains("erased") && !d["erased"].is_none()) {
    auto erased = nb::cast<nb::ndarray<const float, nb::ndim<1>, nb::c_contig>>(d["erased"]);
    a.erased.assign(erased.data(), erased.data() + erased.size());
    if (a.erased.size() != static_cast<size_t>(channels))
      throw std::invalid_argument("erased must have one value a channel");
  }
  return a;
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
