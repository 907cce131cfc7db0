// Correlation and pooling of plain arrays for Python: every size and index is checked against the
// others, so that no call reads or writes out of bounds, then the GIL is released. Python decides
// the boundary, the method and the types.
#include "bindings/arrays.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <string>
#include <tuple>

#include "arrays/correlation/correlate.h"
#include "arrays/correlation/signals.h"
#include "arrays/correlation/whole.h"
#include "arrays/energy.h"
#include "arrays/luminance.h"
#include "arrays/pooling.h"
#include "arrays/row.h"
#include "bindings/boxes.h"
#include "bindings/recipes.h"
#include "bindings/results.h"
#include "bindings/view.h"
#include "bindings/windows.h"
#include "memory.h"
#include "threads.h"

namespace nb = nanobind;

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

bool empty(const OutArray& out) { return out.planes * out.height * out.row_elements() == 0; }

template <class T>
void run_correlate(const Correlation& c, const Input<3>& kernels, const int32_t* planes, T fill,
                   double offset) {
  const Terms<T> terms{static_cast<const T*>(kernels.data()), static_cast<long>(kernels.shape(0)),
                       static_cast<long>(kernels.shape(1)), static_cast<long>(kernels.shape(2)),
                       planes};
  nb::gil_scoped_release release;
  if constexpr (std::is_integral_v<T>)
    correlate_exact(c, terms, fill);
  else
    correlate<T>(c, terms, fill, static_cast<T>(offset));
}

void require_terms(const Correlation& c, const Input<3>& kernels, const PlaneList& planes) {
  require(kernels.shape(0) > 0, "there must be kernels");
  require(static_cast<long>(planes.shape(0)) == c.out.planes && planes.shape(1) == kernels.shape(0),
          "planes must be (out's planes, kernels)");
  require_indices(planes.data(), planes.size(), c.source.planes,
                  "planes names a plane that is not there");
}

void correlate_planes(const Input<4>& source, const Input<3>& kernels, const PlaneList& planes,
                      const List& rows, const List& columns, nb::handle fill, const InOut<4>& out,
                      double offset, int threads, Keep keep) {
  const DataType arithmetic = data_type_of(kernels);
  const Correlation c = read_correlation(source, out, rows, columns, arithmetic, kernels.shape(1),
                                         kernels.shape(2), keep, threads);
  require_terms(c, kernels, planes);
  if (empty(c.out)) return;
  switch (arithmetic) {
  case DataType::f32:
    return run_correlate(c, kernels, planes.data(), nb::cast<float>(fill), offset);
  case DataType::f64:
    return run_correlate(c, kernels, planes.data(), nb::cast<double>(fill), offset);
  default:
    require(offset == 0, "there is no offset to int64");
    return run_correlate(c, kernels, planes.data(), nb::cast<int64_t>(nb::int_(fill)), offset);
  }
}

using Positions = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void correlate_at_positions(const Input<4>& source, const Input<3>& kernels,
                            const PlaneList& planes, const List& rows, const List& columns,
                            double fill, const InOut<4>& out, const Positions& positions,
                            double offset, int threads) {
  const DataType arithmetic = data_type_of(kernels);
  const Correlation c = read_correlation(source, out, rows, columns, arithmetic, kernels.shape(1),
                                         kernels.shape(2), std::nullopt, threads);
  require(arithmetic != DataType::i64 && c.source.type == arithmetic && c.out.type == arithmetic,
          "single results are of floats, of one dtype");
  require_terms(c, kernels, planes);
  const long count = static_cast<long>(positions.size()), elements = static_cast<long>(out.size());
  for (long i = 0; i < count; i++)
    require(positions.data()[i] >= 0 && positions.data()[i] < elements,
            "positions must be those of elements of out");
  auto run = [&](auto zero) {
    using T = decltype(zero);
    const Terms<T> terms{static_cast<const T*>(kernels.data()), static_cast<long>(kernels.shape(0)),
                         static_cast<long>(kernels.shape(1)), static_cast<long>(kernels.shape(2)),
                         planes.data()};
    nb::gil_scoped_release release;
    correlate_at<T>(c, terms, static_cast<T>(fill), static_cast<T>(offset), positions.data(),
                    count);
  };
  if (arithmetic == DataType::f32)
    run(float{});
  else
    run(double{});
}

template <class T>
std::vector<TilePosition> run_fft(const Correlation& c, const Input<3>& kernels,
                                  const int32_t* planes, TileSize tile, double fill,
                                  double offset) {
  const Terms<T> terms{static_cast<const T*>(kernels.data()), static_cast<long>(kernels.shape(0)),
                       static_cast<long>(kernels.shape(1)), static_cast<long>(kernels.shape(2)),
                       planes};
  nb::gil_scoped_release release;
  return correlate_fft<T>(c, terms, tile, static_cast<T>(fill), static_cast<T>(offset));
}

nb::list correlate_fft_planes(const Input<4>& source, const Input<3>& kernels,
                              const PlaneList& planes, const List& rows, const List& columns,
                              double fill, const InOut<4>& out, Pair tile, double offset,
                              int threads, Keep keep) {
  const DataType arithmetic = data_type_of(kernels);
  const Correlation c = read_correlation(source, out, rows, columns, arithmetic, kernels.shape(1),
                                         kernels.shape(2), keep, threads);
  require(arithmetic != DataType::i64, "Fourier transforms are not for int64");
  require_terms(c, kernels, planes);
  const TileSize size = read_tile(tile, kernels.shape(1), kernels.shape(2));
  nb::list non_finite;
  if (empty(c.out)) return non_finite;
  const auto positions = arithmetic == DataType::f32
                             ? run_fft<float>(c, kernels, planes.data(), size, fill, offset)
                             : run_fft<double>(c, kernels, planes.data(), size, fill, offset);
  for (const TilePosition& position : positions)
    non_finite.append(nb::make_tuple(position.plane, position.row, position.column));
  return non_finite;
}

using Vector = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

bool correlate_whole_planes(const Input<4>& source, const Vector& kernel, const List& rows,
                            const List& columns, double fill, const InOut<4>& out,
                            const std::vector<std::tuple<long, long, long, long>>& sizes, long line,
                            double offset, int threads, Keep keep) {
  Correlation c;
  c.source = view_of<const void>(source);
  c.out = view_of<void>(out);
  const DataType arithmetic = data_type_of(kernel);
  require(arithmetic == DataType::f32 || arithmetic == DataType::f64, "kernels must be floats");
  require(c.out.type != DataType::i64, "out must be floats, uint8 or uint16");
  require(c.out.planes == c.source.planes && c.out.channels == c.source.channels,
          "out must have the source's planes and channels");
  require(!sizes.empty() && (line == 0 || sizes.size() == 1), "a line has one axis");
  std::vector<WholeAxis> axes;
  long extended_rows = 1, out_rows = 1, weights = 1;
  for (const auto& [transform, extended, taps, outputs] : sizes) {
    const bool is_first = axes.empty(), is_last = axes.size() + 1 == sizes.size();
    require(transform > 0 && transform <= kLongestWhole && extended > 0 && taps > 0 &&
                std::max({extended, taps, outputs}) <= transform,
            "a transform must hold the array, the kernel and the results");
    require(
        line ? line > 0 && is_whole_length(line, false) && transform % line == 0 &&
                   is_whole_length(transform / line, true)
             : sizes.size() > 1 && is_whole_length(transform, is_first),
        "transforms must be even, or of the first axis multiples of 4, and have no prime factor "
        "beyond 5");
    axes.push_back({transform, extended, taps, outputs});
    weights *= taps;
    if (is_last) continue;
    extended_rows *= extended, out_rows *= outputs;
  }
  require(c.out.height == out_rows && c.out.width == axes.back().outputs,
          "out must have the results along each axis");
  require(static_cast<long>(kernel.size()) == weights, "kernel must have its axes' elements");
  c.rows = read_list(rows, extended_rows, 1, "rows must be those of the extended array");
  c.columns =
      read_list(columns, axes.back().extended, 1, "columns must be those of the extended array");
  require_indices(c.rows.at, c.rows.size, c.source.height, "rows must be the source's, or -1");
  require_indices(c.columns.at, c.columns.size, c.source.width,
                  "columns must be the source's, or -1");
  require(!overlap(c.source, c.out), "out must not overlap the source");
  c.map = ColumnMap(c.columns);
  c.threads = threads_or_default(threads);
  read_kept(c, keep);
  if (empty(c.out)) return true;
  nb::gil_scoped_release release;
  return arithmetic == DataType::f32
             ? correlate_whole<float>(c, static_cast<const float*>(kernel.data()), axes, line,
                                      static_cast<float>(fill), static_cast<float>(offset))
             : correlate_whole<double>(c, static_cast<const double*>(kernel.data()), axes, line,
                                       fill, offset);
}

using Energies = nb::ndarray<double, nb::ndim<4>, nb::c_contig, nb::device::cpu>;

double block_energies_of(const Input<4>& source, Pair block, const Energies& out, int threads) {
  const SourceArray from = view_of<const void>(source);
  const auto [height, width] = block;
  require(from.type == DataType::f32 || from.type == DataType::f64, "source must be floats");
  require(height > 0 && width > 0, "blocks must have elements");
  require(static_cast<long>(out.shape(0)) == from.planes &&
              static_cast<long>(out.shape(1)) == (from.height + height - 1) / height &&
              static_cast<long>(out.shape(2)) == (from.width + width - 1) / width &&
              static_cast<long>(out.shape(3)) == from.channels,
          "out must be (planes, blocks down, blocks across, channels)");
  if (out.size() == 0) return 0;
  const BlockSize size{height, width};
  threads = threads_or_default(threads);
  nb::gil_scoped_release release;
  return from.type == DataType::f32 ? block_energies<float>(from, size, out.data(), threads)
                                    : block_energies<double>(from, size, out.data(), threads);
}

// f(pixels, zero of the arithmetic), for pixels (N, 3) and arithmetic in the type of `luma`.
template <class F>
void with_colours(const Input<2>& pixels, DataType luma, const F& f) {
  require(pixels.shape(1) == 3, "pixels must be (N, 3)");
  with_type(data_type_of(pixels), [&](auto zero) {
    using From = decltype(zero);
    using T = std::conditional_t<sizeof(From) == 1 || std::is_same_v<From, float>, float, double>;
    require(!std::is_same_v<From, int64_t> && luma == kDataType<T>,
            "pixels must be uint8 or float32 with a luma of float32, uint16 or float64 of float64");
    if constexpr (!std::is_same_v<From, int64_t>) {
      nb::gil_scoped_release release;
      f(static_cast<const From*>(pixels.data()), T{});
    }
  });
}

void take_luma_of(const Input<2>& pixels, const InOut<1>& out, int threads) {
  const long n = static_cast<long>(pixels.shape(0));
  require(static_cast<long>(out.size()) == n, "out must have one element for each pixel");
  threads = threads_or_default(threads);
  with_colours(pixels, data_type_of(out), [&](const auto* from, auto zero) {
    take_luma(from, n, static_cast<decltype(zero)*>(out.data()), threads);
  });
}

void put_luma_into(const Input<2>& pixels, const Input<1>& luma, const InOut<2>& out, int threads) {
  const long n = static_cast<long>(pixels.shape(0));
  require(static_cast<long>(luma.size()) == n, "luma must have one element for each pixel");
  require(out.shape(0) == pixels.shape(0) && out.shape(1) == 3, "out must have the pixels' shape");
  const DataType to = data_type_of(out);
  require(to == data_type_of(pixels) || to == data_type_of(luma),
          "out must be of the pixels' dtype, or of the luma's");
  threads = threads_or_default(threads);
  with_colours(pixels, data_type_of(luma), [&](const auto* from, auto zero) {
    using From = std::remove_cvref_t<decltype(*from)>;
    using T = decltype(zero);
    const T* changed = static_cast<const T*>(luma.data());
    if (to == data_type_of(pixels))
      put_luma(from, changed, n, static_cast<From*>(out.data()), threads);
    else
      put_luma(from, changed, n, static_cast<T*>(out.data()), threads);
  });
}

template <class T>
void run_separable(const Correlation& c, const Input<2>& vertical, const Input<2>& horizontal,
                   double fill, double offset) {
  const SeparableTerms<T> terms{
      static_cast<const T*>(vertical.data()), static_cast<const T*>(horizontal.data()),
      static_cast<long>(vertical.shape(0)), static_cast<long>(vertical.shape(1)),
      static_cast<long>(horizontal.shape(1))};
  nb::gil_scoped_release release;
  correlate_separable<T>(c, terms, static_cast<T>(fill), static_cast<T>(offset));
}

void correlate_separable_planes(const Input<4>& source, const Input<2>& vertical,
                                const Input<2>& horizontal, const List& rows, const List& columns,
                                double fill, const InOut<4>& out, double offset, int threads,
                                Keep keep) {
  const DataType arithmetic = data_type_of(vertical);
  const Correlation c = read_correlation(source, out, rows, columns, arithmetic, vertical.shape(1),
                                         horizontal.shape(1), keep, threads);
  require(arithmetic != DataType::i64, "separable correlation is not for int64");
  require(data_type_of(horizontal) == arithmetic, "kernels must be of one dtype");
  require(vertical.shape(0) > 0 && vertical.shape(0) == horizontal.shape(0),
          "there must be as many columns as rows of kernels");
  require(c.out.planes == c.source.planes, "out must have the source's planes");
  if (empty(c.out)) return;
  if (arithmetic == DataType::f32)
    run_separable<float>(c, vertical, horizontal, fill, offset);
  else
    run_separable<double>(c, vertical, horizontal, fill, offset);
}

// A signal by the buffer protocol, which takes a third of the time of an ndarray.
class Signal {
 public:
  explicit Signal(nb::handle array)
      : is_held_(!PyObject_GetBuffer(array.ptr(), &view_, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)) {
    if (!is_held_) PyErr_Clear();
  }
  Signal(const Signal&) = delete;
  ~Signal() {
    if (is_held_) PyBuffer_Release(&view_);
  }

  long size() const { return view_.len / view_.itemsize; }
  // 'f', 'd' or 'l' for float32, float64 and int64 of one axis, side by side
  char type() const {
    if (!is_held_ || view_.ndim != 1 || !view_.format || view_.format[0] == 0 ||
        view_.format[1] != 0 || !View::is_aligned(view_))
      return 0;
    const char type = view_.format[0];
    return (type == 'q' || type == 'l') && view_.itemsize == 8 ? 'l' : type;
  }
  template <class T>
  T* data() const {
    return static_cast<T*>(view_.buf);
  }

 private:
  Py_buffer view_;
  bool is_held_;
};

// Multiplications, and taps whatever the signal's length, up to which a call is computed as it is.
// Beyond them other methods may be quicker.
constexpr long kFewProducts = 1 << 18, kFewTaps = 16;
constexpr long kWorthOthers = 1 << 20; // multiplications that let other Python threads run

bool is_text(nb::handle value, const char* text) {
  return PyUnicode_Check(value.ptr()) && PyUnicode_CompareWithASCIIString(value.ptr(), text) == 0;
}
// A function of its own, for within a caller GCC 12 does not vectorise the loop.
template <class T>
[[gnu::noinline]] bool is_finite(const T* values, long n) {
  if constexpr (!std::is_integral_v<T>) {
    // An exponent of ones, and no other, grows into the sign when 1 is added to it: additions and
    // ors, which every instruction set has for 64 bits.
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    const Bits infinity = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    const Bits one = infinity & -infinity;
    Bits seen = 0;
    for (long i = 0; i < n; i++) seen |= (std::bit_cast<Bits>(values[i]) & infinity) + one;
    return seen >> (8 * sizeof(T) - 1) == 0;
  }
  return true;
}

template <class T>
void convolve_as(const Signal& f, const Signal& g, bool flips, Part part, const Signal& out) {
  const long n = f.size(), m = g.size();
  const T *a = f.data<const T>(), *b = g.data<const T>();
  Buffer<T> flipped(flips ? 0 : m);
  if (!flips) {
    std::reverse_copy(b, b + m, flipped.get());
    b = flipped.get();
  }
  const int threads = num_threads();
  if (n * m < kWorthOthers) {
    convolve_signals(a, n, b, m, part, out.data<T>(), threads);
  } else {
    nb::gil_scoped_release release;
    convolve_signals(a, n, b, m, part, out.data<T>(), threads);
  }
}

// None where a call is not a plain one, or wrong in any way.
nb::object convolve_plain(nb::handle f, nb::handle g, nb::handle mode, nb::handle boundary,
                          nb::handle origin, nb::handle axes, nb::handle method, nb::handle nan,
                          nb::handle mask, bool flips) {
  static PyObject* const array_type =
      nb::object(nb::module_::import_("numpy").attr("ndarray")).release().ptr();
  static PyObject* const empty =
      nb::object(nb::module_::import_("numpy").attr("empty")).release().ptr();
  auto is_array = [&](nb::handle h) {
    return reinterpret_cast<PyObject*>(Py_TYPE(h.ptr())) == array_type;
  };
  if (!is_array(f) || !is_array(g) || !axes.is_none() || !mask.is_none() ||
      !is_text(boundary, "zero") || !is_text(origin, "centre") || !is_text(method, "auto") ||
      !is_text(nan, "propagate"))
    return nb::none();
  const bool full = is_text(mode, "full"), same = is_text(mode, "same");
  if (!full && !same && !is_text(mode, "valid")) return nb::none();
  const Signal a(f), b(g);
  const char type = a.type();
  if (type != b.type() || (type != 'f' && type != 'd' && type != 'l')) return nb::none();
  auto with_element = [&](auto call) {
    return type == 'f' ? call(float{}) : type == 'd' ? call(double{}) : call(int64_t{});
  };
  const bool exchanged = a.size() < b.size();
  const Signal &longer = exchanged ? b : a, &shorter = exchanged ? a : b;
  const long n = longer.size(), m = shorter.size();
  // To exchange them would turn a correlation round.
  if (m == 0 || (exchanged && !(full && flips))) return nb::none();
  if (m > kFewTaps && n * m > kFewProducts) return nb::none();
  // NaN in a kernel is an error; in the shorter of the two it would reach the results of others.
  const bool are_finite = with_element([&](auto zero) {
    using T = decltype(zero);
    return is_finite(shorter.data<const T>(), m) &&
           (!exchanged || is_finite(longer.data<const T>(), n));
  });
  if (!are_finite) return nb::none();
  const Part part = full   ? Part{0, n + m - 1}
                    : same ? Part{(m - 1) / 2, n}
                           : Part{m - 1, n - m + 1};
  const nb::object size = nb::int_(part.size), dtype = f.attr("dtype");
  PyObject* given[] = {nullptr, size.ptr(), dtype.ptr()};
  PyObject* made =
      PyObject_Vectorcall(empty, given + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
  if (!made) nb::raise_python_error();
  nb::object out = nb::steal(made);
  const Signal to(out);
  try {
    with_element([&](auto zero) { convolve_as<decltype(zero)>(longer, shorter, flips, part, to); });
  } catch (const std::overflow_error&) {
    return nb::none();
  }
  return out;
}

template <class T>
void run_pool(const Pooling& p, const Input<3>& source, const InOut<3>& out, int64_t* indices) {
  nb::gil_scoped_release release;
  pool(p, static_cast<const T*>(source.data()), static_cast<T*>(out.data()), indices);
}

using Indices = nb::ndarray<int64_t, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

void pool_planes(const std::string& kind, const Input<3>& source, Pair kernel, Pair stride,
                 Pair padding, const InOut<3>& out, std::optional<Indices> indices,
                 bool count_include_pad, int threads) {
  Pooling p;
  p.planes = source.shape(0), p.height = source.shape(1), p.width = source.shape(2);
  p.out_height = out.shape(1), p.out_width = out.shape(2);
  std::tie(p.kernel_height, p.kernel_width) = kernel;
  std::tie(p.stride_y, p.stride_x) = stride;
  std::tie(p.top, p.left) = padding;
  p.threads = threads_or_default(threads);
  require(kind == "max" || kind == "sum" || kind == "avg", "kind must be max, sum or avg");
  p.kind = kind == "max"       ? PoolKind::max
           : kind == "sum"     ? PoolKind::sum
           : count_include_pad ? PoolKind::avg
                               : PoolKind::avg_without_padding;
  require(source.dtype() == out.dtype(), "out must have the source's dtype");
  require(out.shape(0) == source.shape(0), "out must have the source's planes");
  require(p.kernel_height > 0 && p.kernel_width > 0 && p.stride_y > 0 && p.stride_x > 0,
          "kernel and stride must be positive");
  if (out.size() == 0) return;
  auto covered = [](long first, long kernel, long stride, long output, long size) {
    return first >= 0 && first < kernel && (output - 1) * stride - first < size && size > 0;
  };
  require(covered(p.top, p.kernel_height, p.stride_y, p.out_height, p.height) &&
              covered(p.left, p.kernel_width, p.stride_x, p.out_width, p.width),
          "every window must cover an element of the source");
  int64_t* to = nullptr;
  if (indices) {
    require(p.kind == PoolKind::max, "only the maximum has indices");
    for (int axis = 0; axis < 3; axis++)
      require(indices->shape(axis) == out.shape(axis), "indices must have out's shape");
    to = indices->data();
  }
  switch (data_type_of(source)) {
  case DataType::f32:
    return run_pool<float>(p, source, out, to);
  case DataType::f64:
    return run_pool<double>(p, source, out, to);
  case DataType::i64:
    require(kind != "avg", "the mean is not for integers");
    return run_pool<int64_t>(p, source, out, to);
  default:
    require(holds<uint8_t>(source) && p.kind == PoolKind::max,
            "pooling is for float32, float64, int64, and the maximum of uint8");
    return run_pool<uint8_t>(p, source, out, to);
  }
}

} // namespace

void define_arrays(nb::module_& m) {
  using namespace nb::literals;
  define_recipes(m);
  define_results(m);
  // Taken as they are: a copy would be filled instead of out.
  auto array = [](const char* name) { return nb::arg(name).noconvert(); };
  define_boxes(m);
  // What Python's choice of a method and of tiles has to know.
  m.attr("FOLDED_TAPS") = kFoldedTaps<float>;
  m.attr("SHORTEST_TILE") = kShortestTile;
  m.attr("SHORTEST_LINE") = kShortestLine;
  m.attr("LONGEST_TILE") = kLongestTile;
  m.def("correlate", &correlate_planes, array("source"), array("kernels"), array("planes"),
        array("rows"), array("columns"), "fill"_a, array("out"), "offset"_a = 0.0, "threads"_a = 0,
        "keep"_a = nb::none(),
        "Correlate planes (P, H, W, C) with kernels (T, KH, KW): out plane p is the sum over t of\n"
        "kernel t over source plane planes[p, t], extended by the lists of rows and columns.\n"
        "-1 in a list is a plane, row or column of fill. keep is where in its window (row, column) "
        "a\n"
        "pixel stands whose last channel is kept as it is; None filters all channels.");
  m.def("correlate_at", &correlate_at_positions, array("source"), array("kernels"), array("planes"),
        array("rows"), array("columns"), "fill"_a, array("out"), array("positions"),
        "offset"_a = 0.0, "threads"_a = 0,
        "As correlate, but only the results at `positions` of out, counted in its elements.");
  m.def(
      "correlate_fft", &correlate_fft_planes, array("source"), array("kernels"), array("planes"),
      array("rows"), array("columns"), "fill"_a, array("out"), "tile"_a, "offset"_a = 0.0,
      "threads"_a = 0, "keep"_a = nb::none(),
      "As correlate, by Fourier transforms of tiles (height, width) that are powers of two; of\n"
      "height 1 for kernels of one row. Returns the tiles, as (plane, row, column) of their first\n"
      "result, in which something was not finite: their results are to be computed otherwise.");
  m.def("correlate_whole", &correlate_whole_planes, array("source"), array("kernel"), array("rows"),
        array("columns"), "fill"_a, array("out"), "axes"_a, "line"_a = 0, "offset"_a = 0.0,
        "threads"_a = 0, "keep"_a = nb::none(),
        "Correlate planes (P, rows, last axis, C) with one kernel by one transform of each, over "
        "the\n"
        "axes (transform, extended, kernel, outputs), all but the last of which are rows; `rows` "
        "and\n"
        "`columns` list the extended array. A single axis is transformed as rows of `line` "
        "elements.\n"
        "Returns whether all results are finite.");
  m.def("block_energies", &block_energies_of, array("source"), "block"_a, array("out"),
        "threads"_a = 0,
        "Put the sums of squares of blocks (BH, BW) of planes (P, H, W, C) of floats into out\n"
        "(P, ceil(H / BH), ceil(W / BW), C); return the largest magnitude, if none is NaN.");
  m.def("take_luma", &take_luma_of, array("pixels"), array("out"), "threads"_a = 0,
        "Put the luma of pixels (N, 3) into out (N).");
  m.def("put_luma", &put_luma_into, array("pixels"), array("luma"), array("out"), "threads"_a = 0,
        "Add to each colour of pixels (N, 3) what their luma is to rise by, to become `luma` (N);\n"
        "rounded half to even and saturated if out is uint8 or uint16.");
  m.def("correlate_separable", &correlate_separable_planes, array("source"), array("vertical"),
        array("horizontal"), array("rows"), array("columns"), "fill"_a, array("out"),
        "offset"_a = 0.0, "threads"_a = 0, "keep"_a = nb::none(),
        "As correlate, each plane with the sum of outer products vertical[r], horizontal[r].");
  m.def("convolve_signals", &convolve_plain, "f"_a.none(), "g"_a.none(), "mode"_a.none(),
        "boundary"_a.none(), "origin"_a.none(), "axes"_a.none(), "method"_a.none(), "nan"_a.none(),
        "mask"_a.none(), "flips"_a,
        "The convolution of two signals in an array each, or (flips=False) their correlation, if\n"
        "all else is as it is by default and no method may be quicker than the sums; else None.");
  m.def("pool", &pool_planes, "kind"_a, array("source"), "kernel"_a, "stride"_a, "padding"_a,
        array("out"), array("indices").none() = nb::none(), "count_include_pad"_a = true,
        "threads"_a = 0,
        "Maximum, sum or mean (kind max, sum, avg) of the windows of planes (N, H, W). padding is\n"
        "(top, left); what lies below and to the right follows from out's shape.");
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
