// A large array that is freed goes back to the system, and the next one's pages have to be cleared
// anew, which takes as long as to filter an image. So the last of them are kept, and NumPy is given
// those for new results: it asks whoever made an array to free it (NEP 49), and the array is as any
// other. The system is told that it may take what is kept whenever it is short of memory.
#include "bindings/results.h"

#include <stdlib.h>
#if defined(_WIN32)
#include <malloc.h>
#else
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "bindings/arguments.h"
#include "memory.h"

namespace nb = nanobind;

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// Smaller ones stay with the C library, at less cost.
constexpr size_t kLeast = 256 << 10;
constexpr size_t kLarge = 32 << 20; // that the system may have: to tell it takes some microseconds
constexpr size_t kPage = 2 << 20;   // a large page, of which the system clears one in one go

// Memory whose first byte begins a page of this size; nullptr if there is none.
void* of_system(size_t page, size_t bytes) {
#if defined(_WIN32)
  return _aligned_malloc(bytes, page);
#else
  void* data = nullptr;
  return posix_memalign(&data, page, bytes) ? nullptr : data;
#endif
}
void to_system(void* data) {
#if defined(_WIN32)
  _aligned_free(data);
#else
  ::free(data);
#endif
}

// Results that are asked for, within which what is kept is mostly taken again, if ever.
constexpr long kSoon = 64;

// Those of some sizes are not taken again, so the bytes that are kept have an end, and the time.
class KeptResults {
 public:
  KeptResults(size_t page, size_t most) : page_(page), most_(most) {}

  void* take(size_t bytes) {
    const size_t whole = (bytes + page_ - 1) / page_ * page_;
    std::lock_guard lock(mutex_);
    asked_++;
    while (!kept_.empty() && asked_ - kept_.front().since > kSoon) drop_oldest();
    for (size_t i = kept_.size(); i-- > 0;)
      if (kept_[i].bytes >= whole && kept_[i].bytes - whole <= whole / 4) {
        const Block block = kept_[i];
        kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
        total_ -= block.bytes;
        given_[block.data] = block.bytes;
        return allow_only(bytes, block.data, block.bytes);
      }
    const size_t page = whole >= 2 * kPage ? kPage : page_;
    void* const data = of_system(page, whole);
    if (!data) return nullptr;
#if defined(MADV_HUGEPAGE)
    if (page == kPage) madvise(data, whole, MADV_HUGEPAGE);
#endif
    given_[data] = whole;
    return allow_only(bytes, data, whole);
  }
  size_t size(void* data) {
    std::lock_guard lock(mutex_);
    return given_.at(data);
  }
  void give_back(void* data) {
    std::lock_guard lock(mutex_);
    const auto given = given_.find(data);
    const size_t bytes = given->second;
    given_.erase(given);
    if (bytes > most_) return to_system(data);
    forbid(data, bytes);
#if defined(MADV_FREE)
    if (page_ == kPage) madvise(data, bytes, MADV_FREE);
#endif
    kept_.push_back({data, bytes, asked_});
    total_ += bytes;
    while (total_ > most_) drop_oldest();
  }

 private:
  struct Block {
    void* data;
    size_t bytes;
    long since; // how many had been asked for
  };
  void drop_oldest() {
    to_system(kept_.front().data);
    total_ -= kept_.front().bytes;
    kept_.erase(kept_.begin());
  }
  const size_t page_, most_;
  std::mutex mutex_;
  std::vector<Block> kept_; // the last to be freed is the last
  std::unordered_map<void*, size_t> given_;
  size_t total_ = 0; // bytes that are kept
  long asked_ = 0;
};

// PyDataMem_Handler of numpy/ndarraytypes.h, version 1, and the functions of NumPy's table that
// set one. Their numbers do not change.
struct Allocator {
  void* ctx;
  void* (*malloc)(void*, size_t);
  void* (*calloc)(void*, size_t, size_t);
  void* (*realloc)(void*, void*, size_t);
  void (*free)(void*, void*, size_t);
};
struct Handler {
  char name[127];
  uint8_t version;
  Allocator allocator;
};
constexpr int kSetHandler = 304;
using SetHandler = PyObject* (*)(PyObject*);

KeptResults& results(void* context) { return *static_cast<KeptResults*>(context); }
void* take(void* of, size_t bytes) { return results(of).take(bytes); }
void give_back(void* of, void* data, size_t) {
  if (data) results(of).give_back(data);
}
void* take_cleared(void* of, size_t count, size_t size) {
  void* const data = take(of, count * size);
  return data ? std::memset(data, 0, count * size) : nullptr;
}
void* take_again(void* of, void* data, size_t bytes) {
  void* const other = take(of, bytes);
  if (!other || !data) return other;
  const size_t size = results(of).size(data);
  allow(data, size); // also what was not asked for
  std::memcpy(other, data, std::min(bytes, size));
  give_back(of, data, 0);
  return other;
}

// Never destroyed: arrays may be freed until the process ends.
Handler handler_of(size_t page, size_t most) {
  return {"fencepost", 1, {new KeptResults(page, most), take, take_cleared, take_again, give_back}};
}
PyObject* capsule_of(bool large) {
  static Handler of_large = handler_of(kPage, 256 << 20),
                 of_others = handler_of(64 << 10, 64 << 20);
  static PyObject* const capsules[] = {PyCapsule_New(&of_others, "mem_handler", nullptr),
                                       PyCapsule_New(&of_large, "mem_handler", nullptr)};
  return capsules[large];
}

PyObject* with_numpy(const char* name) {
  return nb::object(nb::module_::import_("numpy").attr(name)).release().ptr();
}

} // namespace

nb::object empty_array(nb::handle shape, nb::handle dtype, size_t bytes) {
  static PyObject* const empty = with_numpy("empty");
  PyObject* given[] = {nullptr, shape.ptr(), dtype.ptr()};
  auto make = [&] {
    return PyObject_Vectorcall(empty, given + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
  };
  PyObject* made;
  if (bytes < kLeast) {
    made = make();
  } else {
    static const SetHandler set = [] {
      const nb::object table =
          nb::module_::import_("numpy._core._multiarray_umath").attr("_ARRAY_API");
      void** const functions = static_cast<void**>(PyCapsule_GetPointer(table.ptr(), nullptr));
      if (!functions) nb::raise_python_error();
      return reinterpret_cast<SetHandler>(functions[kSetHandler]);
    }();
    PyObject* const before = set(capsule_of(bytes >= kLarge));
    if (!before) nb::raise_python_error();
    made = make();
    Py_XDECREF(set(before));
    Py_DECREF(before);
  }
  if (!made) nb::raise_python_error();
  return nb::steal(made);
}

void define_results(nb::module_& m) {
  using namespace nb::literals;
  m.def(
      "empty",
      [](nb::tuple shape, nb::object dtype) {
        size_t bytes = nb::cast<size_t>(dtype.attr("itemsize"));
        for (nb::handle size : shape) bytes *= nb::cast<size_t>(size);
        return empty_array(shape, dtype, bytes);
      },
      "shape"_a, "dtype"_a,
      nb::sig("def empty(shape: tuple[int, ...], dtype: object) -> NDArray[typing.Any]"),
      "As numpy.empty, of memory that results which are no longer needed have left. dtype is a\n"
      "numpy.dtype.");
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
