// Memory of batches, made and kept; see workspace.h.
#include "network/training/workspace.h"

#include <algorithm>
#include <list>
#include <mutex>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

// What two threads keep in a third level of 32 MB. Beyond it, to share memory is quicker.
constexpr long kThirdLevelBytes = 16 << 20;

// Plans that keep a workspace, the last used first. Never destroyed: plans may be later.
struct Keepers {
  std::mutex mutex;
  std::list<KeptWorkspace*> order;
};
Keepers& keepers() {
  static Keepers& all = *new Keepers;
  return all;
}

// Whether a block keeps its memory through the batch.
bool needs_own_memory(const Program& program, const Workspace::Size& size) {
  if (size.program.input_gradient) return true;
  return size.training && std::any_of(program.ops().begin(), program.ops().end(),
                                      [](const OpPointer& op) { return op->needs_batch(); });
}
int memory_count(const Program& program, const Workspace::Size& size) {
  return needs_own_memory(program, size) ? blocks_of(size.most_images) : size.threads;
}

// To the system: blocks of some MB would stay with the C library.
void release(std::shared_ptr<Workspace>& workspace) {
  if (!workspace) return;
  workspace.reset();
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

} // namespace

Program Workspace::make_program(Shape input, const std::vector<Step>& steps, const Size& size) {
  if (kSmallCode) return Program(input, steps, size.program);
  Program program(input, steps, size.program);
  const long vecs = program.memory() * memory_count(program, size);
  if (vecs * static_cast<long>(sizeof(vec)) <= kThirdLevelBytes) return program;
  ProgramOptions options = size.program;
  options.thrifty = true;
  return Program(input, steps, options);
}

Workspace::Workspace(Shape input, const std::vector<Step>& steps, long parameter_count,
                     const Size& s)
    : size(s), program(make_program(input, steps, s)), own_memory(needs_own_memory(program, s)) {
  if (size.training)
    for (size_t i = 0; i < program.ops().size(); i++)
      if (program.ops()[i]->needs_batch()) cuts.push_back(static_cast<int>(i));
  for (int i = 0; i < memory_count(program, size); i++) memories.emplace_back(program.memory());
  for (int t = 0; t < size.threads; t++) {
    scratch.emplace_back(program.scratch());
    gradients.emplace_back(parameter_count, 0.0f);
  }
  for (const OpPointer& op : program.ops()) op->reserve(blocks());
  plan_units(parameter_count);
}

// Shares the parameters among threads: rows of deferred operations, and what lies between them.
void Workspace::plan_units(long parameter_count) {
  const int threads = size.threads;
  units.resize(threads);
  long at = 0;
  auto share = [&](long begin, long end) {
    for (int t = 0; t < threads; t++) {
      long from = begin + (end - begin) * t / threads;
      long to = begin + (end - begin) * (t + 1) / threads;
      if (from < to) units[t].push_back({nullptr, 0, 0, from, to});
    }
  };
  for (const OpPointer& op : program.ops()) {
    const int rows = op->deferred_rows();
    if (!rows) continue;
    share(at, op->row_begin(0));
    for (int t = 0; t < threads; t++) {
      int first = rows * t / threads, last = rows * (t + 1) / threads;
      if (first < last)
        units[t].push_back({op.get(), first, last, op->row_begin(first), op->row_begin(last)});
    }
    at = op->row_begin(rows);
  }
  share(at, parameter_count);
}

Bytes Workspace::needs(const Program& program, long parameter_count, const Size& size) {
  Bytes bytes{0, 0};
  for (const OpPointer& op : program.ops()) {
    bytes.values += op->reserved_bytes(blocks_of(size.most_images));
    bytes.packed += op->packed_bytes();
  }
  const long memories = std::min(blocks_of(size.most_images), memory_count(program, size));
  const long vecs = program.memory() * memories + program.scratch() * size.threads;
  bytes.values += vecs * static_cast<long>(sizeof(vec)) +
                  static_cast<long>(sizeof(float)) * parameter_count * size.threads;
  return bytes;
}

long Workspace::bytes() const {
  const long vecs = program.memory() * static_cast<long>(memories.size()) +
                    program.scratch() * static_cast<long>(scratch.size());
  return vecs * static_cast<long>(sizeof(vec)) +
         static_cast<long>(gradients.size() * gradients[0].size() * sizeof(float));
}

std::shared_ptr<Workspace> KeptWorkspace::take(Shape input, const std::vector<Step>& steps,
                                               long parameter_count, const Workspace::Size& size) {
  if (kSmallCode) return std::make_shared<Workspace>(input, steps, parameter_count, size);
  auto lend = [](std::shared_ptr<Workspace> kept) {
    Workspace* lent = kept.get();
    return std::shared_ptr<Workspace>(lent, [kept = std::move(kept)](Workspace* w) {
      w->taken.store(false, std::memory_order_release);
    });
  };
  {
    std::lock_guard lock(keepers().mutex);
    if (workspace_ && workspace_->size == size && workspace_->whole &&
        !workspace_->taken.exchange(true, std::memory_order_acquire)) {
      keepers().order.remove(this);
      keepers().order.push_front(this);
      return lend(workspace_);
    }
  }
  drop(); // before there is another
  auto made = std::make_shared<Workspace>(input, steps, parameter_count, size);
  if (made->bytes() > kMostBytes) return made;
  made->taken = true;
  std::lock_guard lock(keepers().mutex);
  auto& order = keepers().order;
  order.remove(this);
  workspace_ = made;
  order.push_front(this);
  long bytes = 0;
  for (auto keeper = order.begin(); keeper != order.end();) {
    bytes += (*keeper)->workspace_->bytes();
    if (bytes <= kMostBytes) {
      keeper++;
      continue;
    }
    release((*keeper)->workspace_);
    keeper = order.erase(keeper);
  }
  return lend(made);
}

void KeptWorkspace::drop() {
  if (kSmallCode) return; // nothing is kept
  std::lock_guard lock(keepers().mutex);
  keepers().order.remove(this);
  release(workspace_);
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
