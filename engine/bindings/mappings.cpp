// Test: tests/files/test_mapped.py.
//
// A handler of SIGBUS, as Wayland's servers have one for the memory of their clients: it lays empty
// pages over those that the file no longer has, notes it, and the read goes on.
#include "bindings/mappings.h"

#include <atomic>
#include <cstdint>
#include <mutex>

#if defined(__unix__) || defined(__APPLE__)
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#define FENCEPOST_HAS_SIGBUS 1
#endif

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

#if defined(FENCEPOST_HAS_SIGBUS)
namespace {

// All that a handler may touch: no locks, no memory of the heap.
struct Mapping {
  std::atomic<uintptr_t> begin{0}, end{0};
  std::atomic<bool> cut{false};
};
constexpr int kMost = 256;
Mapping mappings[kMost];
std::mutex changing;
struct sigaction before;
uintptr_t page = 4096;

Mapping* find(uintptr_t at) {
  for (Mapping& mapping : mappings)
    if (mapping.begin.load() <= at && at < mapping.end.load()) return &mapping;
  return nullptr;
}

void handle(int signal, siginfo_t* info, void* context) {
  const auto at = reinterpret_cast<uintptr_t>(info->si_addr);
  if (Mapping* mapping = find(at)) {
    const uintptr_t first = at & ~(page - 1);
    const size_t bytes = ((mapping->end.load() + page - 1) & ~(page - 1)) - first;
    mapping->cut.store(true);
    if (mmap(reinterpret_cast<void*>(first), bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
      return;
  }
  if (before.sa_flags & SA_SIGINFO) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
    return before.sa_handler(signal);
  sigaction(SIGBUS, &before,
            nullptr); // the read is repeated, and ends the process as it would have
}

void install() {
  page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction ours{};
  ours.sa_sigaction = handle;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&ours.sa_mask);
  sigaction(SIGBUS, &ours, &before);
}

} // namespace

bool watch_mapping(const void* memory, size_t bytes) {
  std::lock_guard lock(changing);
  static const bool once = (install(), true);
  (void)once;
  for (Mapping& mapping : mappings)
    if (!mapping.end.load()) {
      mapping.cut.store(false);
      mapping.begin.store(reinterpret_cast<uintptr_t>(memory));
      mapping.end.store(reinterpret_cast<uintptr_t>(memory) + bytes);
      return true;
    }
  return false;
}

void forget_mapping(const void* memory) {
  std::lock_guard lock(changing);
  if (Mapping* mapping = find(reinterpret_cast<uintptr_t>(memory))) mapping->end.store(0);
}

bool mapping_is_cut(const void* memory) {
  const Mapping* mapping = find(reinterpret_cast<uintptr_t>(memory));
  return mapping && mapping->cut.load();
}

#else

bool watch_mapping(const void*, size_t) { return false; }
void forget_mapping(const void*) {}
bool mapping_is_cut(const void*) { return false; }

#endif

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
