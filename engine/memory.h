// Aligned memory: raw for rows of an array, zeroed for the values of a network.
#pragma once

#include <cstdlib>
#include <memory>
#include <new>

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Uninitialised memory that starts on a cache line.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t n)
      : memory_(static_cast<T*>(::operator new[](n * sizeof(T), kLine)), Free{}) {}
  T* get() const { return memory_.get(); }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(T* p) const { ::operator delete[](p, kLine); }
  };
  std::unique_ptr<T[], Free> memory_;
};

// Zeroed memory aligned to a vec. Untouched pages cost nothing.
class Memory {
 public:
  explicit Memory(long vecs)
      : raw_(std::calloc(static_cast<size_t>(vecs) + 2, sizeof(vec))),
        aligned_(reinterpret_cast<vec*>(
            (reinterpret_cast<uintptr_t>(raw_.get()) + sizeof(vec) - 1) & ~(sizeof(vec) - 1))) {
    if (!raw_) throw std::bad_alloc();
  }
  vec* get() const { return aligned_; }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> raw_;
  vec* aligned_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
