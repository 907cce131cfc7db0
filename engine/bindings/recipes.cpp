// A filter over a small image takes less time than checking its arguments. So what follows from
// them (indices, method, weights) is kept, with what they were: the same arguments again, over an
// array of the same shape and dtype, take half a microsecond to recognise. Everything that can be
// wrong with arguments is found where a recipe is added; what is not recognised is not done.
#include "bindings/recipes.h"

#include <nanobind/stl/string.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "arrays/box.h"
#include "arrays/energy.h"
#include "bindings/results.h"
#include "bindings/view.h"
#include "bindings/windows.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

constexpr size_t kArguments = 5, kMost = 64; // recipes that are kept
// Multiplications that are worth letting other Python threads run.
constexpr double kWorth = 1 << 18;

// The dtype and the shape of an array.
struct Kind {
  std::string format;
  std::vector<Py_ssize_t> shape;

  explicit Kind(const Py_buffer& view)
      : format(view.format), shape(view.shape, view.shape + view.ndim) {}
  bool fits(const Py_buffer& view) const {
    return static_cast<size_t>(view.ndim) == shape.size() &&
           std::equal(shape.begin(), shape.end(), view.shape) && format == view.format;
  }
};

bool is_same(nb::handle a, nb::handle b) {
  if (a.is(b)) return true;
  PyTypeObject* type = Py_TYPE(a.ptr());
  if (type != Py_TYPE(b.ptr())) return false;
  if (type == &PyFloat_Type) return PyFloat_AS_DOUBLE(a.ptr()) == PyFloat_AS_DOUBLE(b.ptr());
  if (type == &PyUnicode_Type) return PyUnicode_Compare(a.ptr(), b.ptr()) == 0;
  return false;
}

using Arguments = std::array<nb::handle, kArguments>;

struct Recipe {
  // What it is recognised by.
  Kind source;
  nb::object kernel; // itself, unless it is an array
  std::optional<Kind> kernel_kind;
  std::vector<char> kernel_bytes;
  std::array<nb::object, kArguments> arguments;
  bool needs_opaque; // every pixel's alpha must be all there is
  // What is done.
  std::vector<int32_t> rows, columns, planes;
  std::vector<char> weights, more_weights;
  long count, height, width; // of the weights
  std::optional<Correlation> correlation;
  std::optional<Box> box;
  double fill, offset, work;
  DataType arithmetic;
  bool is_separable;
  std::optional<TileSize> tile; // of Fourier transforms
  BlockSize block{1, 1};
  double least_share = 0;  // of the largest element, that the length of every block must have
  nb::object shape, dtype; // of the result
  size_t bytes = 0;

  bool recognises(const Py_buffer& view, nb::handle g, const Arguments& given) const {
    if (!source.fits(view)) return false;
    for (size_t i = 0; i < kArguments; i++)
      if (!is_same(arguments[i], given[i])) return false;
    if (!kernel_kind) return is_same(kernel, g);
    if (!Py_TYPE(g.ptr())->tp_as_buffer || PyUnicode_Check(g.ptr())) return false;
    const View weights_view(g);
    return weights_view && kernel_kind->fits(*weights_view) &&
           std::memcmp(weights_view->buf, kernel_bytes.data(), kernel_bytes.size()) == 0;
  }

  // Returns whether results are to be trusted, which only those of transforms may not be.
  template <class T>
  bool correlate_as(const Correlation& c) const {
    const T* first = reinterpret_cast<const T*>(weights.data());
    const T start = static_cast<T>(fill), added = static_cast<T>(offset);
    if (tile) {
      if (c.source.type == kDataType<T> && !is_even<T>(c)) return false;
      return correlate_fft<T>(c, {first, count, height, width, planes.data()}, *tile, start, added)
          .empty();
    }
    if (is_separable)
      correlate_separable<T>(
          c, {first, reinterpret_cast<const T*>(more_weights.data()), count, height, width}, start,
          added);
    else
      correlate<T>(c, {first, count, height, width, planes.data()}, start, added);
    return true;
  }
  // Whether no block is so small beside the largest element that a transform's error would show,
  // or so small that its squares are lost.
  template <class T>
  bool is_even(const Correlation& c) const {
    const SourceArray& f = c.source;
    const long blocks = f.planes * f.channels * ((f.height + block.height - 1) / block.height) *
                        ((f.width + block.width - 1) / block.width);
    Buffer<double> energies(blocks);
    const double largest = block_energies<T>(f, block, energies.get(), c.threads);
    double least = std::numeric_limits<double>::infinity();
    bool finite = true;
    for (long i = 0; i < blocks; i++) {
      finite &= std::isfinite(energies.get()[i]);
      least = std::min(least, energies.get()[i]);
    }
    finite &= least >= static_cast<double>(std::numeric_limits<T>::min());
    return finite && std::sqrt(least) >= least_share * std::max(largest, std::abs(fill));
  }
  bool run(const Correlation& c) const {
    return arithmetic == DataType::f32 ? correlate_as<float>(c) : correlate_as<double>(c);
  }
  bool run(const Box& b) const {
    sum_boxes(b);
    return true;
  }

  template <class Windows>
  bool run_on(Windows& windows, const void* from, void* to) const {
    windows.source.data = from;
    windows.out.data = to;
    if (windows.kept.source.data) windows.kept.source.data = from;
    windows.threads = num_threads();
    return run(windows);
  }
};

template <class Windows>
bool is_opaque(const Windows& w, const void* data) {
  const long channels = w.source.channels, n = w.source.planes * w.source.height * w.source.width;
  return with_type(w.source.type, [&](auto zero) {
    using T = decltype(zero);
    const T* alpha = static_cast<const T*>(data) + channels - 1;
    const T full = std::is_integral_v<T> ? std::numeric_limits<T>::max() : T(1);
    bool clear = false;
    for (long i = 0; i < n; i++) clear |= alpha[i * channels] != full;
    return !clear;
  });
}

template <class Array>
std::vector<char> bytes_of(const Array& array, size_t itemsize) {
  const char* data = static_cast<const char*>(static_cast<const void*>(array.data()));
  return {data, data + array.size() * itemsize};
}

class Recipes {
 public:
  nb::object run(nb::handle f, nb::handle g, nb::handle a, nb::handle b, nb::handle c, nb::handle d,
                 nb::handle e) {
    static PyObject* const array_type =
        nb::object(nb::module_::import_("numpy").attr("ndarray")).release().ptr();
    if (recipes_.empty() || reinterpret_cast<PyObject*>(Py_TYPE(f.ptr())) != array_type)
      return nb::none();
    const View source(f);
    if (!source) return nb::none();
    const Arguments given{a, b, c, d, e};
    for (size_t i = 0; i < recipes_.size(); i++) {
      const size_t index = (last_ + i) % recipes_.size();
      const std::shared_ptr<Recipe> recipe = recipes_[index]; // another thread may replace it
      if (!recipe->recognises(*source, g, given)) continue;
      last_ = index;
      return follow(recipe, *source);
    }
    return nb::none();
  }

  void add(nb::handle f, nb::handle g, const nb::tuple& arguments, const std::string& method,
           const Input<4>& source, const Input<3>& weights, std::optional<Input<3>> more_weights,
           const PlaneList& planes, const List& rows, const List& columns, double fill,
           const InOut<4>& out, double divisor, double offset, Keep keep, bool needs_opaque,
           nb::object shape, nb::object dtype, std::optional<Pair> tile, Pair block,
           double least_share) {
    const View array(f);
    require(static_cast<bool>(array), "f must be a contiguous array");
    require(arguments.size() == kArguments, "there must be five arguments");
    require(method == "direct" || method == "separable" || method == "box" || method == "fft",
            "no such method");
    require(tile.has_value() == (method == "fft"), "transforms have tiles, and nothing else has");
    auto r = std::make_shared<Recipe>(
        Recipe{.source = Kind(*array),
               .kernel = nb::borrow(g),
               .kernel_kind = {},
               .kernel_bytes = {},
               .arguments = {},
               .needs_opaque = needs_opaque,
               .rows = {rows.data(), rows.data() + rows.size()},
               .columns = {columns.data(), columns.data() + columns.size()},
               .planes = {planes.data(), planes.data() + planes.size()},
               .weights = {},
               .more_weights = {},
               .count = static_cast<long>(weights.shape(0)),
               .height = static_cast<long>(weights.shape(1)),
               .width = static_cast<long>(weights.shape(2)),
               .correlation = {},
               .box = {},
               .fill = fill,
               .offset = offset,
               .work = 0,
               .arithmetic = data_type_of(weights),
               .is_separable = method == "separable",
               .tile = {},
               .block = {std::get<0>(block), std::get<1>(block)},
               .least_share = least_share,
               .shape = std::move(shape),
               .dtype = std::move(dtype),
               .bytes = out.nbytes()});
    if (const View kernel(g); kernel && !PyUnicode_Check(g.ptr())) {
      r->kernel_kind = Kind(*kernel);
      const char* data = static_cast<const char*>(kernel->buf);
      r->kernel_bytes.assign(data, data + kernel->len);
      r->kernel = nb::none();
    }
    for (size_t i = 0; i < kArguments; i++) r->arguments[i] = nb::borrow(arguments[i]);
    const size_t size = size_of(r->arithmetic);
    r->weights = bytes_of(weights, size);
    if (r->is_separable) { // columns (count, height, 1), rows (count, 1, width)
      require(more_weights && data_type_of(*more_weights) == r->arithmetic &&
                  more_weights->shape(0) == weights.shape(0) && more_weights->shape(1) == 1 &&
                  weights.shape(2) == 1,
              "factors must be columns and rows of one dtype");
      r->more_weights = bytes_of(*more_weights, size);
      r->width = static_cast<long>(more_weights->shape(2));
    }
    if (method == "box") {
      Box box;
      box.height = r->height, box.width = r->width;
      read_windows(box, source, out, rows, columns, box.height, box.width, 0);
      require(box.out.planes == box.source.planes && divisor != 0, "out must have its planes");
      read_kept(box, keep);
      box.fill = fill, box.divisor = divisor, box.offset = offset;
      hold(box, *r);
      r->box = std::move(box);
    } else {
      Correlation c =
          read_correlation(source, out, rows, columns, r->arithmetic, r->height, r->width, keep, 0);
      require(r->arithmetic != DataType::i64, "recipes are for floats");
      require(static_cast<long>(planes.shape(0)) == c.out.planes &&
                  static_cast<long>(planes.shape(1)) == (r->is_separable ? 1 : r->count),
              "planes must be (out's planes, kernels)");
      require(!r->is_separable || c.out.planes == c.source.planes, "out must have its planes");
      require_indices(planes.data(), planes.size(), c.source.planes, "there is no such plane");
      hold(c, *r);
      r->correlation = std::move(c);
    }
    require(array->len == static_cast<Py_ssize_t>(source.nbytes()), "source must be f, laid out");
    require(r->block.height > 0 && r->block.width > 0, "blocks must have elements");
    if (tile) r->tile = read_tile(*tile, r->height, r->width);
    r->work = static_cast<double>(out.size()) * static_cast<double>(r->height + r->width);
    if (recipes_.size() < kMost)
      recipes_.push_back(std::move(r));
    else
      recipes_[next_++ % kMost] = std::move(r);
  }

 private:
  // Lists as the recipe has them, not as Python does.
  template <class Windows>
  static void hold(Windows& w, const Recipe& r) {
    if (w.kept.source.data) {
      w.kept.rows = r.rows.data() + (w.kept.rows - w.rows.at);
      w.kept.columns = r.columns.data() + (w.kept.columns - w.columns.at);
    }
    w.rows.at = r.rows.data();
    w.columns.at = r.columns.data();
  }

  static nb::object follow(const std::shared_ptr<Recipe>& recipe, const Py_buffer& source) {
    if (recipe->needs_opaque && !(recipe->box ? is_opaque(*recipe->box, source.buf)
                                              : is_opaque(*recipe->correlation, source.buf)))
      return nb::none();
    nb::object out = empty_array(recipe->shape, recipe->dtype, recipe->bytes);
    const View to(out, true);
    if (!to) nb::raise("numpy.empty has made no array");
    auto run = [&](auto& windows) {
      if (recipe->work < kWorth) return recipe->run_on(windows, source.buf, to->buf);
      auto own = windows; // another Python thread may follow the same recipe
      const std::shared_ptr<Recipe> held = recipe;
      nb::gil_scoped_release release;
      return held->run_on(own, source.buf, to->buf);
    };
    const bool is_done = recipe->box ? run(*recipe->box) : run(*recipe->correlation);
    return is_done ? out : nb::none();
  }

  std::vector<std::shared_ptr<Recipe>> recipes_;
  size_t last_ = 0, next_ = 0;
};

} // namespace

void define_recipes(nb::module_& m) {
  using namespace nb::literals;
  auto array = [](const char* name) { return nb::arg(name).noconvert(); };
  nb::class_<Recipes>(m, "Recipes",
                      "Calls f, g and five arguments that were worked out before, done again.")
      .def(nb::init<>())
      // lock_self: where Python has no global lock, one thread at a time, as where it has one.
      .def("run", &Recipes::run, nb::lock_self(), "f"_a, "g"_a, "a"_a.none(), "b"_a.none(),
           "c"_a.none(), "d"_a.none(), "e"_a.none(), "The result of a call that is known, or None.")
      .def(
          "add", &Recipes::add, nb::lock_self(), "f"_a, "g"_a, "arguments"_a, "method"_a,
          array("source"), array("weights"), array("more_weights").none(), array("planes"),
          array("rows"), array("columns"), "fill"_a, array("out"), "divisor"_a, "offset"_a,
          "keep"_a.none(), "needs_opaque"_a, "shape"_a, "dtype"_a, "tile"_a.none() = nb::none(),
          "block"_a = nb::make_tuple(1, 1), "least_share"_a = 0.0,
          "Keep a call: what its arguments are, and what they come to, as in correlate (direct),\n"
          "correlate_separable (weights are columns, more_weights rows), box or correlate_fft: of\n"
          "floats, only where each block's root of squares has least_share of the largest "
          "element.");
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
