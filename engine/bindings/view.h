// An array by the buffer protocol, which takes a third of the time of an ndarray; none whose
// elements do not begin at multiples of their size.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <cstdint>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

class View {
 public:
  explicit View(nanobind::handle array, bool writable = false)
      : is_held_(PyObject_GetBuffer(array.ptr(), &view_,
                                    PyBUF_FORMAT | PyBUF_C_CONTIGUOUS |
                                        (writable ? PyBUF_WRITABLE : 0)) == 0) {
    if (!is_held_) {
      PyErr_Clear();
    } else if (!is_aligned(view_)) {
      PyBuffer_Release(&view_);
      is_held_ = false;
    }
  }
  static bool is_aligned(const Py_buffer& view) {
    const auto size = static_cast<uintptr_t>(std::min<Py_ssize_t>(view.itemsize, 8));
    return size == 0 || reinterpret_cast<uintptr_t>(view.buf) % size == 0;
  }
  View(const View&) = delete;
  ~View() {
    if (is_held_) PyBuffer_Release(&view_);
  }
  explicit operator bool() const { return is_held_; }
  const Py_buffer& operator*() const { return view_; }
  const Py_buffer* operator->() const { return &view_; }

 private:
  Py_buffer view_;
  bool is_held_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
