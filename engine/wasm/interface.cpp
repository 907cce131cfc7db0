// The engine as JavaScript sees it: plain functions over addresses in the module's memory.
// tour/engine/ of the pages makes networks of steps, checks every size, and calls nothing else.
#include "arrays/correlation/correlate.h"
#include "network/plan.h"
#include "network/training/trainer.h"

#if defined(__wasm__)
#define EXPORT(name) __attribute__((export_name(#name))) name
#else
#define EXPORT(name) name // compiled here too, to see that it still fits the engine
#endif

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// A step as JavaScript writes it: kFields numbers, those of layers.js in the same order. A table
// of connections is an offset into the bytes that come with the steps, or -1.
constexpr int kFields = 34;
Step read_step(const double* f, const uint8_t* tables) {
  auto next = [&f] { return static_cast<int>(*f++); };
  auto shape = [&] {
    const int channels = next(), height = next();
    return Shape{channels, height, next()};
  };
  Step s;
  s.kind = static_cast<Kind>(next());
  s.input = next(), s.other = next();
  s.in = shape(), s.out = shape();
  s.kernel_h = next(), s.kernel_w = next();
  s.stride_y = next(), s.stride_x = next();
  s.dilation_y = next(), s.dilation_x = next();
  s.padding.top = next(), s.padding.bottom = next();
  s.padding.left = next(), s.padding.right = next();
  s.groups = next();
  const int table = next();
  if (table >= 0)
    s.connections.assign(tables + table, tables + table + s.in.channels * s.out.channels);
  s.count_include_pad = next() != 0;
  s.weight = next(), s.bias = next(), s.mean = next(), s.variance = next(), s.centres = next();
  s.scale = static_cast<float>(*f++), s.slope = static_cast<float>(*f++);
  s.p = static_cast<float>(*f++), s.eps = static_cast<float>(*f++);
  s.momentum = static_cast<float>(*f++);
  s.each_value = next() != 0, s.linear = next() != 0;
  return s;
}

// A network with its weights and, once it is trained, what training needs.
struct Model {
  NetworkPlan plan;
  std::vector<float> parameters, state, slots, mean, scale;
  std::unique_ptr<Trainer> trainer;

  NetworkPlan::Network weights() const { return {parameters.data(), state.data()}; }
  Images images(const void* data, int is_float, long count) const {
    return {data, is_float != 0, count, mean.data(), scale.data()};
  }
};

} // namespace
} // namespace FENCEPOST_LEVEL
} // namespace fencepost

using namespace fencepost;

extern "C" {

void* EXPORT(fp_alloc)(size_t bytes) { return std::malloc(bytes); }
void EXPORT(fp_free)(void* memory) { std::free(memory); }
int EXPORT(fp_lanes)() { return kLanes; }

Model* EXPORT(fp_network)(int channels, int height, int width, const double* steps, int count,
                          const uint8_t* tables, long parameters, long states) {
  std::vector<Step> read;
  for (int k = 0; k < count; k++) {
    Step step = read_step(steps + k * kFields, tables);
    step.index = k;
    if (step.other == 0) step.other_shape = {channels, height, width};
    if (step.other > 0) step.other_shape = read[step.other - 1].out;
    read.push_back(std::move(step));
  }
  return new Model{{{channels, height, width}, std::move(read), parameters, states},
                   std::vector<float>(parameters),
                   std::vector<float>(states),
                   {},
                   std::vector<float>(channels, 0.0f),
                   std::vector<float>(channels, 1.0f),
                   nullptr};
}
void EXPORT(fp_network_free)(Model* model) { delete model; }
float* EXPORT(fp_parameters)(Model* model) { return model->parameters.data(); }
float* EXPORT(fp_state)(Model* model) { return model->state.data(); }
float* EXPORT(fp_mean)(Model* model) { return model->mean.data(); }
float* EXPORT(fp_scale)(Model* model) { return model->scale.data(); }

// (count, outputs) of all images.
void EXPORT(fp_forward)(Model* model, const void* images, int is_float, long count, float* out) {
  model->plan.forward(model->weights(), model->images(images, is_float, count), 1, out);
}

// The outputs of every step for one image, step after step.
void EXPORT(fp_features)(Model* model, const void* image, int is_float, float* out) {
  std::vector<float*> outs;
  for (const Step& step : model->plan.steps()) {
    outs.push_back(out);
    out += step.out.size();
  }
  model->plan.features(model->weights(), model->images(image, is_float, 1), 1, outs);
}

// The cross-entropy of images and labels, or the mean squared error from `values` if there are no
// labels, as an evaluation sees it; and its derivatives by parameters and normalised pixels.
double EXPORT(fp_gradient)(Model* model, const void* images, int is_float, long count,
                           const int64_t* labels, const float* values, float* of_parameters,
                           float* of_images) {
  Batch::Options options;
  options.loss.kind = labels ? LossKind::cross_entropy : LossKind::mse;
  options.size.program = {.gradients = true, .input_gradient = true};
  options.size.most_images = static_cast<int>(count);
  options.size.training = false;
  const NetworkPlan& plan = model->plan;
  Batch batch(plan.input(), plan.steps(), plan.parameter_count(), options);
  std::vector<int64_t> index(count);
  for (long i = 0; i < count; i++) index[i] = i;
  std::vector<float> state = model->state;
  const LossResult result = batch.run({model->parameters.data(),
                                       state.data(),
                                       model->images(images, is_float, count),
                                       {labels, values},
                                       index.data(),
                                       static_cast<int>(count),
                                       0},
                                      [&](long begin, long end) {
                                        if (of_parameters)
                                          std::copy(batch.gradient() + begin,
                                                    batch.gradient() + end, of_parameters + begin);
                                      });
  if (of_images) batch.copy_input_gradient(static_cast<int>(count), of_images);
  return result.loss;
}

// Makes training ready: SGD with momentum (Nesterov's if asked for), or Adam with decoupled
// weight decay. Calling it again starts its momentum anew.
void EXPORT(fp_trainer)(Model* model, int batch_size, int adam, float momentum, int nesterov,
                        float weight_decay, double seed) {
  Batch::Options options;
  options.size.most_images = batch_size;
  options.seed = static_cast<uint64_t>(seed);
  Optimizer optimizer;
  optimizer.kind = adam ? OptimizerKind::adamw : OptimizerKind::sgd;
  optimizer.momentum = momentum;
  optimizer.nesterov = nesterov != 0;
  optimizer.weight_decay = weight_decay;
  NetworkPlan& plan = model->plan;
  model->slots.assign(optimizer.slots() * plan.parameter_count(), 0.0f);
  model->trainer.reset(); // and so its memory is taken again
  model->trainer = std::make_unique<Trainer>(plan.workspace(options.size), plan.parameter_count(),
                                             options, Trainer::Update{optimizer});
}

// Trains on images order[0 .. order_size), a batch after the other, each with its own rate; writes
// the loss of each, and returns how many images were classified rightly before they were learned.
long EXPORT(fp_train)(Model* model, const void* images, int is_float, long count,
                      const int64_t* labels, const int64_t* order, long order_size,
                      const float* rates, double first_step, float* losses) {
  Trainer::Run run{};
  run.parameters = model->parameters.data();
  run.state = model->state.data();
  for (int i = 0; i < model->trainer->update().optimizer.slots(); i++)
    run.slots.push_back(model->slots.data() + i * model->parameters.size());
  run.images = model->images(images, is_float, count);
  run.targets.labels = labels;
  run.order = order, run.order_size = order_size;
  run.rates = rates;
  run.first_step = static_cast<uint64_t>(first_step);
  return model->trainer->run(run, losses);
}

// Correlates an image (height, width, channels) of bytes or floats with one kernel. rows and
// columns say, for each row and column of the extended image, which of the image it repeats, -1
// being `fill`: that is every boundary. Bytes are rounded and saturated.
void EXPORT(fp_correlate)(const void* source, int is_float, int height, int width, int channels,
                          const float* kernel, int kernel_height, int kernel_width,
                          const int32_t* rows, const int32_t* columns, float fill, float offset,
                          void* out, int float_out, int out_height, int out_width) {
  Correlation c;
  c.source = {source, is_float ? DataType::f32 : DataType::u8, 1, height, width, channels};
  c.out = {out, float_out ? DataType::f32 : DataType::u8, 1, out_height, out_width, channels};
  c.rows = {rows, out_height + kernel_height - 1};
  c.columns = {columns, out_width + kernel_width - 1};
  c.map = ColumnMap(c.columns);
  c.threads = 1;
  const int32_t plane = 0;
  const Terms<float> terms{kernel, 1, kernel_height, kernel_width, &plane};
  correlate<float>(c, terms, fill, offset);
}

} // extern "C"
