// Sums over windows for Python: sizes and indices are checked, then the GIL is released.
// Test: tests/engine/arrays/test_box.py.
#include "bindings/boxes.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <tuple>

#include "arrays/box.h"
#include "arrays/box_pair.h"
#include "bindings/windows.h"
#include "threads.h"

namespace nb = nanobind;

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

void box_planes(const Input<4>& source, Pair kernel, const List& rows, const List& columns,
                double fill, const InOut<4>& out, double divisor, double offset, int threads,
                Keep keep) {
  Box box;
  std::tie(box.height, box.width) = kernel;
  read_windows(box, source, out, rows, columns, box.height, box.width, threads);
  require(box.out.planes == box.source.planes, "out must have the source's planes");
  require(divisor != 0, "divisor must not be 0");
  read_kept(box, keep);
  box.fill = fill, box.divisor = divisor, box.offset = offset;
  if (out.size() == 0) return;
  nb::gil_scoped_release release;
  sum_boxes(box);
}

// Whether what is read of an axis of so many follows one another, up or down, but for fill.
bool is_walk(const List& list, long size) {
  require_indices(list.data(), static_cast<long>(list.size()), size, "no such row or column");
  for (size_t i = 1; i < list.size(); i++) {
    const int32_t a = list.data()[i - 1], b = list.data()[i];
    if (a >= 0 && b >= 0 && std::abs(a - b) > 1) return false;
    if ((a < 0) != (b < 0) && std::max(a, b) != 0 && std::max(a, b) != size - 1) return false;
  }
  return true;
}

void box_pair(const Input<4>& source, Pair first, Pair second, const List& rows,
              const List& columns, const List& more_rows, const List& more_columns, double fill,
              const InOut<4>& out, double divisor, double offset, int threads) {
  BoxPair b;
  b.source = view_of<const void>(source), b.out = view_of<void>(out);
  std::tie(b.first.height, b.first.width) = first;
  std::tie(b.second.height, b.second.width) = second;
  const bool are_windows =
      std::min({b.first.height, b.first.width, b.second.height, b.second.width}) > 0;
  require(are_windows && is_unsigned(b.source.type), "boxes have elements, the source integers");
  require(b.out.planes == b.source.planes && b.out.channels == b.source.channels,
          "out must have the source's planes and channels");
  const long height = static_cast<long>(rows.size()) - b.first.height + 1;
  const long width = static_cast<long>(columns.size()) - b.first.width + 1;
  require(height > 0 && width > 0, "the first box must fit");
  b.first.rows = {rows.data(), static_cast<long>(rows.size())};
  b.first.columns = {columns.data(), static_cast<long>(columns.size())};
  b.second.rows = read_list(more_rows, b.out.height, b.second.height, "rows must be out's");
  b.second.columns = read_list(more_columns, b.out.width, b.second.width, "columns must be out's");
  require_indices(rows.data(), b.first.rows.size, b.source.height, "no such row");
  require_indices(columns.data(), b.first.columns.size, b.source.width, "no such column");
  require_indices(more_columns.data(), b.second.columns.size, width, "no such column");
  require(is_walk(more_rows, height), "rows of the second box must follow one another");
  const double most = b.source.type == DataType::u8 ? 255 : 65535;
  require(fill >= 0 && fill <= most && fill == std::floor(fill), "fill must be of the source");
  require(holds_sums(b), "sums must be held");
  require(divisor != 0, "divisor must not be 0");
  require(!overlap(b.source, b.out), "out must not overlap the source");
  b.fill = fill, b.divisor = divisor, b.offset = offset;
  b.threads = threads_or_default(threads);
  if (out.size() == 0) return;
  nb::gil_scoped_release release;
  sum_box_pair(b);
}

} // namespace

void define_boxes(nb::module_& m) {
  using namespace nb::literals;
  auto array = [](const char* name) { return nb::arg(name).noconvert(); };
  m.def(
      "box", &box_planes, array("source"), "kernel"_a, array("rows"), array("columns"), "fill"_a,
      array("out"), "divisor"_a = 1.0, "offset"_a = 0.0, "threads"_a = 0, "keep"_a = nb::none(),
      "Sum the windows (KH, KW) of each plane (P, H, W, C), extended as correlate does, at a cost\n"
      "that hardly depends on their size: out = sum / divisor + offset, rounded half to even and\n"
      "saturated if out is uint8 or uint16. Sums of uint8 and uint16 are exact, of int64 below\n"
      "2**53; of floats as exact as a sum of their values in any order.");
  m.def("box_pair", &box_pair, array("source"), "first"_a, "second"_a, array("rows"),
        array("columns"), array("more_rows"), array("more_columns"), "fill"_a, array("out"),
        "divisor"_a = 1.0, "offset"_a = 0.0, "threads"_a = 0,
        "As box, of uint8 or uint16, with a second window over what the first one makes, which is\n"
        "extended by more lists: beyond its edges stands fill, as a mean.");
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
