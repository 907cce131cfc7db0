// Aligned memory: raw for rows of an array, zeroed for the values of a network.
#pragma once

#include <cstdlib>
#include <memory>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(FENCEPOST_ASAN)
#include <sanitizer/asan_interface.h>

#include <cstring>
#endif

#include "simd.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// AddressSanitizer knows the ends of what the C library gives, not of the part of it that is taken,
// nor what is kept for later: it is told. What is taken then begins as NaN, seen where it is used.
inline void forbid([[maybe_unused]] void* block, [[maybe_unused]] size_t bytes) {
#if defined(FENCEPOST_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
  std::memset(block, 0xff, bytes);
  ASAN_POISON_MEMORY_REGION(block, bytes);
#endif
}
inline void allow([[maybe_unused]] void* block, [[maybe_unused]] size_t bytes) {
#if defined(FENCEPOST_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
}
inline void* allow_only(size_t bytes, void* block, size_t whole) {
  forbid(block, whole);
  allow(block, bytes);
  return block;
}

// Blocks that a thread has given back, to be taken again. Of a small image, to cut aligned blocks
// out of larger ones and to merge them again would take a fifth of the time of a filter; large ones
// would go back to the system, and each of their pages would have to be cleared anew.
class KeptBlocks {
 public:
  static constexpr std::align_val_t kLine{64};

  static KeptBlocks& of_this_thread() {
    static thread_local KeptBlocks blocks;
    return blocks;
  }
  void* take(size_t bytes) {
    const int c = class_of(bytes);
    if (c >= kClasses) return ::operator new[](bytes, kLine);
    const size_t whole = kLeast << c;
    if (!counts_[c]) return allow_only(bytes, ::operator new[](whole, kLine), whole);
    kept_ -= whole;
    return allow_only(bytes, blocks_[c][--counts_[c]], whole);
  }
  void give_back(void* block, size_t bytes) {
    const int c = class_of(bytes);
    if (c >= kClasses || counts_[c] == kEach) return ::operator delete[](block, kLine);
    if (kept_ + (kLeast << c) > kMost) clear(); // of other sizes, which are no longer taken
    kept_ += kLeast << c;
    blocks_[c][counts_[c]++] = block;
    forbid(block, kLeast << c);
  }
  ~KeptBlocks() { clear(); }

 private:
  void clear() {
    for (int c = 0; c < kClasses; c++)
      while (counts_[c]) ::operator delete[](blocks_[c][--counts_[c]], kLine);
    kept_ = 0;
  }
  static constexpr size_t kLeast = 256, kMost = 8 << 20; // bytes of a block, and of all of a thread
  static constexpr int kClasses = 15, kEach = 6;         // up to 4 MiB

  static int class_of(size_t bytes) {
    return bytes <= kLeast ? 0 : 64 - 8 - __builtin_clzll(static_cast<uint64_t>(bytes - 1));
  }
  void* blocks_[kClasses][kEach];
  int counts_[kClasses] = {};
  size_t kept_ = 0;
};

// Uninitialised memory that starts on a cache line.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t n)
      : memory_(static_cast<T*>(KeptBlocks::of_this_thread().take(n * sizeof(T))),
                Free{n * sizeof(T)}) {}
  T* get() const { return memory_.get(); }

 private:
  struct Free {
    size_t bytes = 0;
    void operator()(T* p) const { KeptBlocks::of_this_thread().give_back(p, bytes); }
  };
  std::unique_ptr<T[], Free> memory_;
};

// Zeroed memory aligned to a vec. Untouched pages cost nothing; those of large memory are large
// where the system has such: a training of four batches of a depthwise network spent a quarter of
// its time in the clearing of small ones.
class Memory {
 public:
  explicit Memory(long vecs)
      : raw_(std::calloc(static_cast<size_t>(vecs) + 2, sizeof(vec))),
        aligned_(reinterpret_cast<vec*>(
            (reinterpret_cast<uintptr_t>(raw_.get()) + sizeof(vec) - 1) & ~(sizeof(vec) - 1))) {
    if (!raw_) throw std::bad_alloc();
    const size_t before =
        reinterpret_cast<uintptr_t>(aligned_) - reinterpret_cast<uintptr_t>(raw_.get());
    forbid(raw_.get(), before);
    forbid(aligned_ + vecs, 2 * sizeof(vec) - before);
#if defined(MADV_HUGEPAGE)
    constexpr uintptr_t page = 4096;
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(raw_.get()) + page - 1) & ~(page - 1);
    const uintptr_t end = reinterpret_cast<uintptr_t>(aligned_ + vecs) & ~(page - 1);
    if (end > begin + kLargeBytes)
      madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
  }
  vec* get() const { return aligned_; }

 private:
  static constexpr size_t kLargeBytes = 8 << 20;
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> raw_;
  vec* aligned_;
};

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
