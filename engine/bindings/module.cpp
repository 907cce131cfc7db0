// The engine as Python sees it: arrays are checked for size, the GIL is released, and the work is
// passed on. Nothing is decided here.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>
#include <tuple>

#include "bindings/answering.h"
#include "bindings/arguments.h"
#include "bindings/arrays.h"
#include "bindings/mappings.h"
#include "bindings/parse.h"
#include "bindings/results.h"
#include "bindings/view.h"
#include "network/plan.h"
#include "network/training/trainer.h"
#include "threads.h"

namespace nb = nanobind;

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

using Triple = std::tuple<int, int, int>;
using Floats = nb::ndarray<float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using ConstFloats = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Version = nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Indices = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Pixels = nb::ndarray<nb::ro, nb::ndim<4>, nb::c_contig, nb::device::cpu>;
using AnyArray = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using Result = nb::ndarray<nb::numpy, float>;

Triple triple(Shape s) { return {s.channels, s.height, s.width}; }

Result new_array(std::initializer_list<size_t> shape) {
  size_t size = 1;
  for (size_t n : shape) size *= n;
  float* data = new float[size ? size : 1];
  nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<float*>(p); });
  return Result(data, shape.size(), shape.begin(), owner);
}

Images checked_images(const void* pixels, bool is_float, size_t count, const size_t (&axes)[3],
                      const ConstFloats& mean, const ConstFloats& scale, Shape shape) {
  require(axes[0] == static_cast<size_t>(shape.channels) &&
              axes[1] == static_cast<size_t>(shape.height) &&
              axes[2] == static_cast<size_t>(shape.width),
          "images do not have the network's input shape");
  require(mean.size() == axes[0] && scale.size() == axes[0],
          "mean and scale must have one value a channel");
  return {pixels, is_float, static_cast<long>(count), mean.data(), scale.data()};
}

Images read_images(const Pixels& pixels, const ConstFloats& mean, const ConstFloats& scale,
                   Shape shape) {
  const bool is_float = pixels.dtype() == nb::dtype<float>();
  require(is_float || pixels.dtype() == nb::dtype<uint8_t>(), "images must be uint8 or float32");
  return checked_images(pixels.data(), is_float, pixels.shape(0),
                        {pixels.shape(1), pixels.shape(2), pixels.shape(3)}, mean, scale, shape);
}

DataTargets read_targets(const AnyArray& array, const std::optional<ConstFloats>& weights,
                         const Loss& loss, long images, long features) {
  require(array.ndim() >= 1 && array.shape(0) == static_cast<size_t>(images),
          "there must be one target an image");
  DataTargets targets;
  if (weights) {
    require(weights->size() == static_cast<size_t>(images), "there must be one weight an image");
    targets.weights = weights->data();
  }
  if (loss.kind == LossKind::mse) {
    require(array.dtype() == nb::dtype<float>() && array.ndim() == 2 &&
                array.shape(1) == static_cast<size_t>(features),
            "targets must be float32 (images, features)");
    targets.values = static_cast<const float*>(array.data());
    return targets;
  }
  require(array.dtype() == nb::dtype<int64_t>() && array.ndim() == 1,
          "targets must be int64 (images,)");
  require(loss.class_weights.empty() || loss.class_weights.size() == static_cast<size_t>(features),
          "there must be one class weight a class");
  targets.labels = static_cast<const int64_t*>(array.data());
  for (long i = 0; i < images; i++)
    require(targets.labels[i] >= 0 && targets.labels[i] < features, "a label is out of range");
  return targets;
}

template <typename A, typename B>
void require_network(const NetworkPlan& plan, const A& parameters, const B& state) {
  require(static_cast<long>(parameters.size()) == plan.parameter_count(),
          "parameters do not have the plan's size");
  require(static_cast<long>(state.size()) == plan.state_count(),
          "state does not have the plan's size");
}

Result forward(NetworkPlan& plan, const ConstFloats& parameters, const ConstFloats& state,
               const Pixels& pixels, const ConstFloats& mean, const ConstFloats& scale,
               int threads) {
  require_network(plan, parameters, state);
  const Images images = read_images(pixels, mean, scale, plan.input());
  Result out = new_array({pixels.shape(0), static_cast<size_t>(plan.output().size())});
  nb::gil_scoped_release release;
  plan.forward({parameters.data(), state.data()}, images, threads_or_default(threads), out.data());
  return out;
}

using PassReport = std::tuple<int, int, std::string, std::string, std::string, int, double,
                              std::string, std::string>;
std::vector<PassReport> explain(NetworkPlan& plan, long images, int threads, bool training) {
  require(images > 0, "there must be images");
  std::vector<PassReport> reports;
  for (const StageReport& r : plan.explain(images, threads_or_default(threads), training))
    reports.push_back({r.first, r.last, r.axis, r.method, r.others, r.together, r.seconds,
                       r.input_gradient, r.weight_gradient});
  return reports;
}

std::vector<double> measure(NetworkPlan& plan, const ConstFloats& parameters,
                            const ConstFloats& state, const Pixels& pixels, const ConstFloats& mean,
                            const ConstFloats& scale, int threads, bool training) {
  require_network(plan, parameters, state);
  const Images images = read_images(pixels, mean, scale, plan.input());
  nb::gil_scoped_release release;
  std::vector<double> spent = plan.measure({parameters.data(), state.data()}, images,
                                           threads_or_default(threads), training);
  for (double& s : spent) s *= 1e-9;
  return spent;
}

// A plan with the arrays that it runs on: to read four of them anew takes as long as a tenth of a
// small network's work on one image. They stay where they are, so writing into them counts.
struct BoundPlan {
  NetworkPlan& plan;
  ConstFloats parameters, state, mean, scale;
  std::optional<Version> versions; // of parameters and state, and whether others hold them

  uint64_t version() const { // with the GIL, as who changes them has it
    return versions && !versions->data()[1] ? versions->data()[0] : 0;
  }

  // Images as they come as a rule take half of the time of an ndarray: that is a twentieth of what
  // LeNet-5 takes for one of them.
  nb::object forward(nb::handle pixels, int threads) const {
    const View view(pixels);
    const char* format = view ? view->format : "";
    const bool is_float = format[0] == 'f';
    if (!(is_float || format[0] == 'B') || format[1] || view->ndim != 4) {
      Pixels others;
      if (!nb::try_cast(pixels, others)) throw nb::type_error("images must be an array of 4 axes");
      return nb::cast(fencepost::forward(plan, parameters, state, others, mean, scale, threads));
    }
    const Py_ssize_t* size = view->shape;
    const Images images = checked_images(
        view->buf, is_float, size[0],
        {static_cast<size_t>(size[1]), static_cast<size_t>(size[2]), static_cast<size_t>(size[3])},
        mean, scale, plan.input());
    static PyObject* const dtype =
        nb::object(nb::module_::import_("numpy").attr("dtype")("float32")).release().ptr();
    const long features = plan.output().size();
    const nb::tuple shape = nb::make_tuple(images.count, features);
    // Not of memory that is kept: a prediction leaves no more than explain() says.
    nb::object out = empty_array(shape, dtype, 0);
    const View to(out, true);
    const NetworkPlan::Network network{parameters.data(), state.data(), version()};
    nb::gil_scoped_release release;
    plan.forward(network, images, threads_or_default(threads), static_cast<float*>(to->buf));
    return out;
  }
};

BoundPlan* bind(NetworkPlan& plan, ConstFloats parameters, ConstFloats state, ConstFloats mean,
                ConstFloats scale, std::optional<Version> version) {
  require_network(plan, parameters, state);
  require(!version || version->size() == 2, "version must have two elements");
  return new BoundPlan{plan, parameters, state, mean, scale, version};
}

std::vector<Result> features(NetworkPlan& plan, ConstFloats parameters, ConstFloats state,
                             Pixels pixels, ConstFloats mean, ConstFloats scale, int threads) {
  require_network(plan, parameters, state);
  const Images images = read_images(pixels, mean, scale, plan.input());
  std::vector<Result> results;
  std::vector<float*> outs;
  for (const Step& step : plan.steps()) {
    results.push_back(
        new_array({pixels.shape(0), static_cast<size_t>(step.out.channels),
                   static_cast<size_t>(step.out.height), static_cast<size_t>(step.out.width)}));
    outs.push_back(results.back().data());
  }
  nb::gil_scoped_release release;
  plan.features({parameters.data(), state.data()}, images, threads_or_default(threads), outs);
  return results;
}

std::tuple<double, Result, Result> gradient(NetworkPlan& plan, ConstFloats parameters,
                                            ConstFloats state, Pixels pixels, ConstFloats mean,
                                            ConstFloats scale, AnyArray targets, nb::dict loss_dict,
                                            uint64_t seed, int threads, bool training,
                                            uint64_t step, std::optional<ConstFloats> sample_weight,
                                            nb::object augmentation, bool thrifty) {
  require_network(plan, parameters, state);
  const Images images = read_images(pixels, mean, scale, plan.input());
  require(images.count > 0, "there must be images");
  Batch::Options options;
  options.loss = parse_loss(loss_dict);
  options.augmentation = parse_augmentation(augmentation, plan.input().channels);
  options.size.program = {
      .gradients = true, .input_gradient = true, .exact = plan.exact(), .thrifty = thrifty};
  options.seed = seed;
  options.size.most_images = static_cast<int>(images.count);
  options.size.threads = threads_or_default(threads);
  options.size.training = training;
  const DataTargets read =
      read_targets(targets, sample_weight, options.loss, images.count, plan.output().size());
  const size_t count = plan.parameter_count();
  const Shape shape = plan.input();
  Result parameter_gradient = new_array({count});
  Result image_gradient =
      new_array({pixels.shape(0), static_cast<size_t>(shape.channels),
                 static_cast<size_t>(shape.height), static_cast<size_t>(shape.width)});
  double loss;
  {
    nb::gil_scoped_release release;
    std::vector<float> state_copy(state.data(), state.data() + state.size());
    std::vector<int64_t> index(images.count);
    for (long i = 0; i < images.count; i++) index[i] = i;
    Batch batch(shape, plan.steps(), plan.parameter_count(), options);
    float* to = parameter_gradient.data();
    loss = batch
               .run({parameters.data(), state_copy.data(), images, read, index.data(),
                     static_cast<int>(images.count), step},
                    [&](long begin, long end) {
                      std::copy(batch.gradient() + begin, batch.gradient() + end, to + begin);
                    })
               .loss;
    batch.copy_input_gradient(static_cast<int>(images.count), image_gradient.data());
  }
  return {loss, parameter_gradient, image_gradient};
}

// Keeps the plan's steps' sizes beside the trainer, to check the arrays of each call.
struct PythonTrainer {
  Shape input, output;
  long parameter_count, state_count;
  Loss loss;
  Trainer trainer;
};

PythonTrainer* make_trainer(NetworkPlan& plan, int batch_size, nb::dict loss, nb::dict optimizer,
                            nb::object augmentation, uint64_t seed, int threads, float clip_norm,
                            float average_decay) {
  require(batch_size > 0, "batch_size must be positive");
  Batch::Options options;
  options.size.program.exact = plan.exact();
  options.loss = parse_loss(loss);
  options.augmentation = parse_augmentation(augmentation, plan.input().channels);
  options.seed = seed;
  options.size.most_images = batch_size;
  options.size.threads = threads_or_default(threads);
  return new PythonTrainer{plan.input(),
                           plan.output(),
                           plan.parameter_count(),
                           plan.state_count(),
                           options.loss,
                           Trainer(plan.workspace(options.size), plan.parameter_count(), options,
                                   {parse_optimizer(optimizer), clip_norm, average_decay})};
}

std::tuple<Result, long> run(PythonTrainer& t, Floats parameters, Floats state, Matrix slots,
                             Pixels pixels, ConstFloats mean, ConstFloats scale, AnyArray targets,
                             Indices order, ConstFloats rates, uint64_t first_step,
                             std::optional<ConstFloats> sample_weight,
                             std::optional<Floats> average_parameters,
                             std::optional<Floats> average_state) {
  require(static_cast<long>(parameters.size()) == t.parameter_count,
          "parameters do not have the plan's size");
  require(static_cast<long>(state.size()) == t.state_count, "state does not have the plan's size");
  const int slot_count = t.trainer.update().optimizer.slots();
  require(slots.shape(0) == static_cast<size_t>(slot_count) &&
              (slot_count == 0 || slots.shape(1) == parameters.size()),
          "slots must be (trainer.slots, parameters)");
  const int batch = t.trainer.batch_size();
  const size_t steps = (order.size() + batch - 1) / batch;
  require(rates.size() >= steps, "there must be a rate for each step");
  Trainer::Run run{};
  run.images = read_images(pixels, mean, scale, t.input);
  run.targets = read_targets(targets, sample_weight, t.loss, run.images.count, t.output.size());
  for (size_t i = 0; i < order.size(); i++)
    require(order.data()[i] >= 0 && order.data()[i] < run.images.count,
            "order names an image that is not there");
  run.parameters = parameters.data();
  run.state = state.data();
  run.state_count = t.state_count;
  if (t.trainer.update().average_decay > 0) {
    require(average_parameters && average_parameters->size() == parameters.size() &&
                average_state && average_state->size() == state.size(),
            "averages must have the sizes of parameters and state");
    run.average_parameters = average_parameters->data();
    run.average_state = average_state->data();
  }
  for (int i = 0; i < slot_count; i++)
    run.slots.push_back(slots.data() + static_cast<size_t>(i) * parameters.size());
  run.order = order.data();
  run.order_size = static_cast<long>(order.size());
  run.rates = rates.data();
  run.first_step = first_step;
  Result losses = new_array({steps});
  long correct;
  {
    nb::gil_scoped_release release;
    correct = t.trainer.run(run, losses.data());
  }
  return {losses, correct};
}

Result augment_images(Pixels pixels, nb::object augmentation, uint64_t seed, uint64_t step,
                      std::optional<Indices> index, int threads) {
  const bool is_float = pixels.dtype() == nb::dtype<float>();
  require(is_float || pixels.dtype() == nb::dtype<uint8_t>(), "images must be uint8 or float32");
  const Shape shape{static_cast<int>(pixels.shape(1)), static_cast<int>(pixels.shape(2)),
                    static_cast<int>(pixels.shape(3))};
  const size_t count = index ? index->size() : pixels.shape(0);
  auto image = [&](size_t i) { return index ? index->data()[i] : static_cast<int64_t>(i); };
  for (size_t i = 0; i < count; i++)
    require(image(i) >= 0 && image(i) < static_cast<int64_t>(pixels.shape(0)),
            "index names an image that is not there");
  const Augmentation options = parse_augmentation(augmentation, shape.channels);
  Result out = new_array({count, pixels.shape(1), pixels.shape(2), pixels.shape(3)});
  const int parts = threads_or_default(threads);
  nb::gil_scoped_release release;
  run_threads(parts, [&](int t) {
    Augmenter augmenter(options, shape.channels, shape.height, shape.width, seed);
    for (size_t i = count * t / parts; i < count * (t + 1) / parts; i++) {
      const int64_t partner = image((i + 1) % count);
      float* to = out.data() + i * shape.size();
      if (is_float)
        augmenter(static_cast<const float*>(pixels.data()), image(i), partner, step, to);
      else
        augmenter(static_cast<const uint8_t*>(pixels.data()), image(i), partner, step, to);
    }
  });
  return out;
}

// How much of each image's target is that of the image that it is mixed with, the next of a batch.
Result partner_shares(Triple shape, nb::object augmentation, uint64_t seed, uint64_t step,
                      Indices index) {
  const auto [channels, height, width] = shape;
  const Augmentation options = parse_augmentation(augmentation, channels);
  Result out = new_array({index.size()});
  for (size_t i = 0; i < index.size(); i++) {
    const Draw draw{seed, step, static_cast<uint64_t>(index.data()[i])};
    out.data()[i] = options.mixes() ? 1 - draw_mix(options, height, width, draw).share : 0.0f;
  }
  return out;
}

using NamedChange = std::tuple<std::string, std::vector<float>>;
std::vector<NamedChange> changes(Triple shape, nb::object augmentation, uint64_t seed,
                                 uint64_t step, uint64_t index) {
  const auto [channels, height, width] = shape;
  const Augmentation options = parse_augmentation(augmentation, channels);
  const Draw draw{seed, step, index};
  std::vector<Change> drawn;
  draw_changes(options, height, width, draw, drawn);
  std::vector<NamedChange> named;
  for (const Change& change : drawn)
    named.emplace_back(change_name(change.kind),
                       std::vector<float>(change.value, change.value + value_count(change.kind)));
  const Mix mix = draw_mix(options, height, width, draw);
  if (mix.box)
    named.emplace_back("cutmix",
                       std::vector<float>{static_cast<float>(mix.top), static_cast<float>(mix.left),
                                          static_cast<float>(mix.height),
                                          static_cast<float>(mix.width)});
  else if (options.mixes())
    named.emplace_back("mixup", std::vector<float>{mix.share});
  return named;
}

std::vector<std::string> supported_levels() {
  std::vector<std::string> names{"baseline"};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    names.push_back("avx2");
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
      names.push_back("avx512");
  }
#endif
  return names;
}

} // namespace
} // namespace FENCEPOST_LEVEL
} // namespace fencepost

NB_MODULE(FENCEPOST_MODULE, m) {
  using namespace fencepost;
  using namespace nb::literals;
  m.doc() = "The loops of fencepost, compiled for one instruction set.";
  // Python's modules may hold recipes until the very end, when nobody frees them: that is no leak.
  nb::set_leak_warnings(false);
  m.def("supported_levels", &supported_levels,
        "Instruction sets of the engine that this processor has, least first.");
  m.def("multiplies_bfloat16", &channels::multiplies_bfloat16,
        "Whether this module and the processor multiply bfloat16.");
  m.def(
      "multiply_adds_per_second", [] { return channels::cycles_per_second() * 2 * kLanes; },
      "How many multiply-adds of float32 one thread can start in a second, measured once.");
  m.def("get_num_threads", &num_threads, "Threads used where a call does not say.");
  m.def(
      "set_num_threads",
      [](int n) {
        require(n > 0, "the number of threads must be positive");
        set_num_threads(n);
      },
      "n"_a, "Set how many threads are used where a call does not say.");
  m.def(
      "watch_mapping", [](uintptr_t at, size_t n) { return watch_mapping((void*)at, n); },
      "address"_a, "bytes"_a,
      "Have reads beyond the end of a mapped file that is cut give zeros, not SIGBUS.");
  m.def(
      "forget_mapping", [](uintptr_t at) { forget_mapping((void*)at); }, "address"_a,
      "End `watch_mapping`, before the memory is given back.");
  m.def(
      "mapping_is_cut", [](uintptr_t at) { return mapping_is_cut((void*)at); }, "address"_a,
      "Whether a read has found that the file is cut.");
  m.def("augment", &augment_images, "images"_a, "augmentation"_a, "seed"_a, "step"_a,
        "index"_a.none() = nb::none(), "threads"_a = 1,
        "The images as training sees them at a step, before normalisation: float32 (N, C, H, W); "
        "those that index names, or all.");
  m.def("partner_shares", &partner_shares, "shape"_a, "augmentation"_a, "seed"_a, "step"_a,
        "index"_a,
        "Of each image that index names, the share of its partner's target: float32 (N,).");
  m.def("changes", &changes, "shape"_a, "augmentation"_a, "seed"_a, "step"_a, "index"_a,
        "What `augment` does to an image: names and values, in order; noise and elastic left out.");
  define_answering(m);
  define_arrays(m);

  nb::class_<NetworkPlan>(m, "NetworkPlan", "A network that is ready to run.")
      .def(
          "__init__",
          [](NetworkPlan* self, Triple input, nb::sequence steps, long parameters, long states,
             bool exact, bool bfloat16) {
            using channels::Rounding;
            require(!bfloat16 || channels::multiplies_bfloat16(),
                    "this processor does not multiply bfloat16");
            auto [c, h, w] = input;
            require(c > 0 && h > 0 && w > 0, "the input must have elements");
            Shape shape{c, h, w};
            new (self) NetworkPlan(shape, parse_steps(steps, shape, parameters, states), parameters,
                                   states,
                                   exact      ? Rounding::exact
                                   : bfloat16 ? Rounding::bfloat16
                                              : Rounding::usual);
          },
          "input_shape"_a, "steps"_a, "parameter_count"_a, "state_count"_a, "exact"_a = false,
          "bfloat16"_a = false)
      .def_prop_ro("output_shape", [](const NetworkPlan& p) { return triple(p.output()); })
      .def_prop_ro("lanes", [](const NetworkPlan&) { return kLanes; })
      .def("forward", &forward, "parameters"_a, "state"_a, "images"_a, "mean"_a, "scale"_a,
           "threads"_a = 0)
      .def("explain", &explain, "images"_a, "threads"_a = 0, "training"_a = false,
           "Of each pass: first and last step, lanes' axis, method, why no other, images side by "
           "side, expected seconds; of training, methods of the gradients of input and weights.")
      .def(
          "axis",
          [](NetworkPlan& p, long images, int threads) {
            return p.axis(images, threads_or_default(threads));
          },
          "images"_a, "threads"_a = 0, "Why images lie in the lanes when predicting, or do not.")
      .def(
          "bytes",
          [](NetworkPlan& p, long images, int threads, bool training) {
            const Bytes bytes = p.bytes(images, threads_or_default(threads), training);
            return std::tuple{bytes.values, bytes.packed};
          },
          "images"_a, "threads"_a = 0, "training"_a = false,
          "Of values with what is needed meanwhile; of packed weights.")
      .def("measure", &measure, "parameters"_a, "state"_a, "images"_a, "mean"_a, "scale"_a,
           "threads"_a = 0, "training"_a = false, "Seconds of each pass of `explain`.")
      .def("bind", &bind, "parameters"_a, "state"_a, "mean"_a, "scale"_a,
           "version"_a.none() = nb::none(), nb::keep_alive<0, 1>(),
           "The plan with the arrays that it is to read at each call. version: a number that "
           "parameters and state of these values have alone, and 0 where nobody else can write "
           "into them; what is made of them is kept while it stays the same.")
      .def("features", &features, "parameters"_a, "state"_a, "images"_a, "mean"_a, "scale"_a,
           "threads"_a = 0)
      .def("gradient", &gradient, "parameters"_a, "state"_a, "images"_a, "mean"_a, "scale"_a,
           "targets"_a, "loss"_a, "seed"_a = 0, "threads"_a = 0, "training"_a = true, "step"_a = 0,
           "sample_weight"_a.none() = nb::none(), "augmentation"_a.none() = nb::none(),
           "thrifty"_a = false);

  nb::class_<BoundPlan>(m, "BoundPlan", "A plan with the arrays that it reads at each call.")
      .def("forward", &BoundPlan::forward, "images"_a, "threads"_a = 0);

  nb::class_<PythonTrainer>(m, "Trainer", "Gradient descent on a plan's parameters.")
      .def(nb::new_(&make_trainer), "plan"_a, "batch_size"_a, "loss"_a, "optimizer"_a,
           "augmentation"_a.none() = nb::none(), "seed"_a = 0, "threads"_a = 0,
           "clip_norm"_a = 0.0f, "average_decay"_a = 0.0f)
      .def_prop_ro("slots",
                   [](const PythonTrainer& t) { return t.trainer.update().optimizer.slots(); })
      .def("run", &run, "parameters"_a, "state"_a, "slots"_a, "images"_a, "mean"_a, "scale"_a,
           "targets"_a, "order"_a, "rates"_a, "first_step"_a = 0,
           "sample_weight"_a.none() = nb::none(), "average_parameters"_a.none() = nb::none(),
           "average_state"_a.none() = nb::none());
}
