// Strips and panels; see strips.h.
#include "arrays/strips.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Bytes of a panel's rows: half of a second-level cache. Narrower ones would fit the first level,
// but long rows are what the processor prefetches.
constexpr long kPanelBytes = 256 << 10;
// Multiplications that are worth a thread: it takes some microseconds to wake one.
constexpr double kThreadWork = 1 << 18;
// Strips for each thread, so that none waits long for another.
constexpr long kStripsPerThread = 4;

// Columns [first, last) in panels of equal width, a multiple of what fills cache lines. The last is
// wider rather than narrow: in place nothing may be read behind it.
void add_panels(std::vector<Panel>& panels, long first, long last, long most, bool in_place) {
  const long count = std::max(1L, (last - first + most - 1) / most);
  const long width = (last - first) / count / 64 * 64 + 64;
  while (first < last) {
    const long end = last - first < width + 64 ? last : first + width;
    panels.push_back({first, end, in_place});
    first = end;
  }
}

} // namespace

Geometry::Geometry(const OutArray& out, long terms, long kernel_height, long kernel_width,
                   long products)
    : planes(out.planes), height(out.height), width(out.width), kernel_height(kernel_height),
      kernel_width(kernel_width), tile_rows(fencepost::tile_rows(kernel_height, out.height)),
      input_rows(kernel_height + tile_rows - 1), cached_rows(terms * input_rows),
      work(static_cast<double>(planes * height) * out.row_elements() *
           static_cast<double>(products)) {}

template <class T>
std::vector<Panel> cut_panels(const Extension<T>& extension, const Geometry& g) {
  const long channels = extension.channels();
  const long row_bytes = kPanelBytes / g.cached_rows;
  const long most =
      std::max<long>(row_bytes / static_cast<long>(sizeof(T) * channels), 256 / channels);
  std::vector<Panel> panels;
  // Panels at the edges are a register wide at least, as no less can be written in place.
  const long edge = (kWidth<T> + channels - 1) / channels;
  const auto run = extension.in_place();
  const long first = run.first == 0 ? 0 : std::max(run.first, edge);
  const long end = run.first + run.size - g.kernel_width + 1;
  const long last = end >= g.width ? g.width : std::min(end, g.width - edge);
  // Rows of a window are copied instead: they are read again and again, and a panel at each edge
  // takes longer than the copies.
  if (g.kernel_height == 1 && last - first >= 64 * edge) {
    if (first > 0) panels.push_back({0, first, false});
    add_panels(panels, first, last, most, true);
    if (last < g.width) panels.push_back({last, g.width, false});
  } else {
    add_panels(panels, 0, g.width, most, false);
  }
  return panels;
}

void for_each_strip(const Geometry& g, const std::vector<Panel>& panels, int threads,
                    const std::function<void(const Strip&)>& f) {
  threads = static_cast<int>(std::clamp(g.work / kThreadWork, 1.0, static_cast<double>(threads)));
  const long groups = g.planes * static_cast<long>(panels.size());
  // Panels at the edges are hardly any work, so only as many count as the widest goes into the
  // width: three strips of one wide panel would keep one of two threads waiting for a third of the
  // time.
  long widest = 1;
  for (const Panel& panel : panels) widest = std::max(widest, panel.last - panel.first);
  const long large = g.planes * std::max(1L, g.width / widest);
  const long wanted = threads == 1 ? 1 : (kStripsPerThread * threads + large - 1) / large;
  // Each strip reads kernel_height - 1 rows that its neighbours read too.
  const long most = std::max(1L, g.height / std::max<long>(g.tile_rows, 2 * g.kernel_height));
  const long count = std::min(wanted, most);
  std::atomic<long> next{0};
  run_threads(threads, [&](int) {
    for (long i; (i = next.fetch_add(1, std::memory_order_relaxed)) < groups * count;) {
      const long s = i % count, group = i / count;
      f({group / static_cast<long>(panels.size()), g.height * s / count, g.height * (s + 1) / count,
         panels[group % panels.size()]});
    }
  });
}

template <class T>
Output<T>::Output(const OutArray& out, const KeptChannel& kept, const Panel& panel, int rows)
    : out_(out), kept_(kept), panel_(panel), first_element_(panel.first * out.channels),
      elements_((panel.last - panel.first) * out.channels), count_(rows),
      pitch_(row_pitch<T>(elements_)), direct_(out.type == kDataType<T> && elements_ >= kWidth<T>) {
  if (direct_) return; // rows() knows them
  buffer_ = Buffer<T>(rows * pitch_);
  for (int r = 0; r < rows; r++) rows_[r] = buffer_.get() + r * pitch_;
}

template <class T>
T* const* Output<T>::rows(long plane, long row) {
  if (direct_)
    for (int r = 0; r < count_; r++)
      rows_[r] = static_cast<T*>(out_.row(plane, row + r)) + first_element_;
  return rows_;
}

template <class T>
void Output<T>::sum(const TapSums<T>& sums, long plane, long row) {
#if defined(__AVX2__)
  if constexpr (std::is_same_v<T, float>)
    if (out_.type == DataType::u8 && elements_ >= kWidth<T>) {
      uint8_t* to[kMostTileRows];
      for (int r = 0; r < count_; r++)
        to[r] = static_cast<uint8_t*>(out_.row(plane, row + r)) + first_element_;
      sum_taps(sums, count_, to, elements_);
      return keep(plane, row);
    }
#endif
  sum_taps(sums, count_, rows(plane, row), elements_);
  write_back(plane, row);
}

template <class T>
void Output<T>::keep(long plane, long row) {
  for (int r = 0; r < count_; r++)
    kept_.put(out_, plane, row + r, panel_.first, panel_.last - panel_.first);
}

template <class T>
void Output<T>::write_back(long plane, long row) {
  for (int r = 0; r < count_ && !direct_; r++) {
    void* to = out_.row(plane, row + r);
    with_type(out_.type, [&](auto zero) {
      convert_row(rows_[r], elements_, static_cast<decltype(zero)*>(to) + first_element_);
    });
  }
  keep(plane, row);
}

template std::vector<Panel> cut_panels(const Extension<float>&, const Geometry&);
template std::vector<Panel> cut_panels(const Extension<double>&, const Geometry&);
template class Output<float>;
template class Output<double>;

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
