// See predictor.h.
#include "network/channels/predictor.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "threads.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace channels {
namespace {

constexpr int kMostImages = 32; // of a pass
// All threads share a stage that is expected to take longer, and filling an input that is larger:
// one image of the depthwise network had 0.95 times ONNX Runtime's speed with 12 µs, and with 4
// 1.05.
constexpr double kSharedSeconds = 4e-6;
constexpr long kSharedPixels = 32 * 1024;
constexpr int kAhead = 1024; // pixels, which come from memory
// A team shares stages that take longer than this; and what it costs beside its part of them, to
// meet and to read what the others have written. Where one takes as long as the last, that is
// nothing beside it.
constexpr double kTeamSeconds = 1e-6, kMeetingSeconds = 0.3e-6, kLongSeconds = 50e-6;

double seconds_of(const Stage& stage, long images) {
  return stage.method.cycles * static_cast<double>(images) / cycles_per_second();
}
bool takes(const Stage& stage, long images, double seconds) {
  return stage.op->shares() && seconds_of(stage, images) > seconds;
}
double now() {
  const std::chrono::duration<double> since = std::chrono::steady_clock::now().time_since_epoch();
  return since.count();
}

// Whether threads share every operation, instead of taking images of their own.
bool shared(long images, int threads) {
  return !kSmallCode && threads > 1 && images < 4L * threads && images % threads != 0;
}

// One row of pixels, as the network sees them, to floats `step` apart.
template <typename Pixel>
inline void normalise(const Pixel* from, int n, float mean, float scale, float* to, long step) {
  if (step > 1 || n < kLanes) {
    for (int x = 0; x < n; x++) to[x * step] = (static_cast<float>(from[x]) - mean) * scale;
    return;
  }
  const vec means = broadcast(mean), scales = broadcast(scale);
  int x = 0;
  for (; x + kLanes <= n; x += kLanes) {
    __builtin_prefetch(from + x + kAhead);
    store(to + x, (load(from + x) - means) * scales);
  }
  x = n - kLanes; // the last ones overlap
  store(to + x, (load(from + x) - means) * scales);
}

// A step of a team, done by all members or by the caller alone.
template <class Function>
void step(Team& team, bool all, Function f) {
  if constexpr (kSmallCode) return f();
  if (all || team.index() == 0) {
    team.await();
    f();
  }
  team.arrive();
}

} // namespace

struct Predictor::Job {
  const Program& program;
  const std::vector<Memory>& scratch;
  const Images& images;
  float* out;
  double* nanoseconds;
  int threads;    // that share a stage
  bool in_place;  // the images are read where they are
  bool in_team;   // each stage is done by all members
  int filled = 0; // images whose input is there already
};

Predictor::Predictor(Shape input, const std::vector<Step>& steps, Rounding rounding)
    : input_(input), output_(steps.back().out), steps_(steps), rounding_(rounding) {}

Predictor::Runner& Predictor::runner(long images, int threads) {
  const long each = shared(images, threads) ? images : (images + threads - 1) / threads;
  int most = 1;
  while (most < each && most < kMostImages) most *= 2;
  auto& saved = runners_[most];
  if (!saved) saved = std::make_unique<Runner>(input_, steps_, most, rounding_);
  return *saved;
}

const Program& Predictor::program(long images, int threads) {
  std::lock_guard lock(busy_);
  return runner(images, threads).program;
}

Bytes Predictor::bytes(long images, int threads) {
  const Program& p = program(images, threads);
  const bool share = shared(images, threads);
  const long passes = share ? 1 : std::min<long>(threads, images);
  const long vecs = p.memory() * passes + p.scratch() * (share ? threads : passes);
  Bytes bytes{vecs * static_cast<long>(sizeof(vec)), 0};
  for (const Stage& stage : p.stages()) bytes.packed += stage.op->packed_bytes();
  return bytes;
}

const Predictor::Sharing& Predictor::sharing(Runner& runner, long images, int threads) const {
  Sharing& s = runner.sharing;
  if (s.images == images && s.threads == threads) return s;
  s = {};
  s.images = images;
  s.threads = threads;
  s.shared = shared(images, threads);
  if (kSmallCode || threads == 1) return s;
  const auto& stages = runner.program.stages();
  const auto any = [&](double seconds) {
    return s.shared && std::any_of(stages.begin(), stages.end(), [&](const Stage& stage) {
             return takes(stage, images, seconds);
           });
  };
  s.pool = any(kSharedSeconds);
  s.team = any(kTeamSeconds) && !any(kLongSeconds);
  // Stages look whether their weights have changed.
  const bool small = runner.program.cycles() < 8 * kSharedSeconds * cycles_per_second();
  if (small || (s.shared && !s.pool)) return s;
  s.preparer.resize(stages.size());
  std::vector<long> bytes(threads, 0);
  for (size_t i = stages.size(); i-- > 0;) { // the largest are the last, as a rule
    const auto least = std::min_element(bytes.begin(), bytes.end());
    s.preparer[i] = static_cast<int>(least - bytes.begin());
    *least += stages[i].op->packed_bytes();
  }
  return s;
}

double Predictor::stage_cycles(const Stage& stage, long images, int threads) {
  if (!shared(images, threads)) return stage.method.cycles * ((images + threads - 1) / threads);
  const double alone = stage.method.cycles * images;
  std::lock_guard lock(busy_);
  if (sharing(runner(images, threads), images, threads).team)
    return takes(stage, images, kTeamSeconds)
               ? alone / threads + kMeetingSeconds * cycles_per_second()
               : alone;
  return takes(stage, images, kSharedSeconds) ? alone / threads : alone;
}

double Predictor::cycles(long images, int threads) {
  double total = 0;
  for (const Stage& stage : program(images, threads).stages())
    total += stage_cycles(stage, images, threads);
  return total;
}

void Predictor::fill(const Job& job, const Pass& pass, long index, const Share& share) const {
  if (job.images.is_float)
    fill_from<float>(job, pass, index, share);
  else
    fill_from<uint8_t>(job, pass, index, share);
}

template <typename Pixel>
void Predictor::fill_from(const Job& job, const Pass& pass, long index, const Share& share) const {
  const Pixel* from = static_cast<const Pixel*>(job.images.data) + index * input_.size();
  const Slot& slot = job.program.input();
  const long step = pitch(slot);
  const int first = share.begin(input_.height), end = share.end(input_.height);
  for (int c = 0; c < input_.channels; c++) {
    const float mean = job.images.mean[c], scale = job.images.scale[c];
    for (int y = first; y < end; y++) {
      float* to = floats(pass, slot) + element_offset(slot, c, y, 0);
      const long row = static_cast<long>(c) * input_.height + y;
      normalise(from + row * input_.width, input_.width, mean, scale, to, step);
    }
  }
}

void Predictor::run_stage(const Job& job, const Stage& stage, Pass& pass, int count,
                          Team& team) const {
  if constexpr (kSmallCode) return stage.op->forward_images(pass, count); // it has one thread
  const int threads = job.threads;
  if (job.in_team) {
    const bool all = takes(stage, count, kTeamSeconds);
    pass.share = all ? Share{team.index(), team.size()} : Share{};
    return step(team, all, [&] { stage.op->forward_images(pass, count); });
  }
  if (threads == 1 || !takes(stage, count, kSharedSeconds))
    return stage.op->forward_images(pass, count);
  const auto part = [&](int t) {
    Pass own = pass;
    own.scratch = job.scratch[t].get();
    own.share = {t, threads};
    stage.op->forward_images(own, count);
  };
  run_threads(threads, std::ref(part)); // which needs no memory of its own
}

// `count` images from `first` on, in groups of as many as each stage wants side by side.
void Predictor::run_block(const Job& job, Pass& pass, long first, int count, Team& team) const {
  const auto& stages = job.program.stages();
  const size_t n = stages.size();
  if (job.in_place)
    pass.pixels = static_cast<const float*>(job.images.data) + first * input_.size();
  for (size_t begin = 0, end; begin < n; begin = end) {
    const int together = stages[begin].together;
    for (end = begin; end < n && stages[end].together == together;) end++;
    for (int i = 0; i < count; i += together) {
      const int group = std::min(together, count - i);
      if (begin == 0 && !job.in_place)
        for (int k = 0; k < group; k++) {
          if (first + i + k < job.filled) continue;
          pass.image = i + k;
          const bool large = input_.size() > kSharedPixels;
          const int parts = large && !job.in_team ? job.threads : 1;
          step(team, large, [&] {
            if (large && job.in_team)
              return fill(job, pass, first + i + k, {team.index(), team.size()});
            run_threads(parts, [&](int t) { fill(job, pass, first + i + k, {t, parts}); });
          });
        }
      for (size_t s = begin; s < end; s++) {
        pass.image = i;
        if (!job.nanoseconds) {
          run_stage(job, stages[s], pass, group, team);
          continue;
        }
        const auto start = std::chrono::steady_clock::now();
        run_stage(job, stages[s], pass, group, team);
        if (!kSmallCode) team.await();
        const std::chrono::duration<double, std::nano> spent =
            std::chrono::steady_clock::now() - start;
        if (team.index() == 0) job.nanoseconds[s] += spent.count();
      }
      if (end == n)
        for (int k = 0; k < group; k++) {
          pass.image = i + k;
          step(team, false, [&] {
            copy_flat(pass, job.program.output(), output_,
                      job.out + (first + i + k) * output_.size());
          });
        }
    }
  }
}

void Predictor::run(const float* parameters, const float* state, const Images& images, int threads,
                    float* out, double* nanoseconds, uint64_t version) {
  if (images.count == 0) return;
  std::lock_guard lock(busy_);
  Runner& r = runner(images.count, threads);
  const Program& program = r.program;
  const Sharing& how = sharing(r, images.count, threads);
  const int passes = how.shared ? 1 : static_cast<int>(std::min<long>(threads, images.count));
  const int scratches = how.shared ? threads : passes;
  while (static_cast<int>(r.memories.size()) < passes) r.memories.emplace_back(program.memory());
  while (static_cast<int>(r.scratch.size()) < scratches) r.scratch.emplace_back(program.scratch());

  const auto all = [&](const float* values, float x) {
    return std::all_of(values, values + input_.channels, [&](float v) { return v == x; });
  };
  const bool in_place = !kSmallCode && images.is_float && program.reads_images() &&
                        all(images.mean, 0) && all(images.scale, 1);
  Job job{program, r.scratch, images, out, nanoseconds, how.shared ? threads : 1, in_place, false};
  auto pass_of = [&](int memory, int thread) {
    Pass pass;
    pass.memory = r.memories[memory].get();
    pass.scratch = r.scratch[thread].get();
    pass.parameters = parameters;
    pass.state = state;
    return pass;
  };
  const bool prepared = !kSmallCode && version && r.version == version;
  if (!kSmallCode && !prepared) r.version = 0;
  const int preparers = how.preparers();
  const auto prepare = [&](int t) {
    if (t >= preparers) return;
    const auto& stages = program.stages();
    for (size_t s = 0; s < stages.size() && !prepared; s++)
      if (preparers == 1 || how.preparer[s] == t) stages[s].op->prepare(parameters, state);
    if (how.shared && !job.in_place)
      fill(job, pass_of(0, 0), 0, {t, preparers}); // threads meet once less
  };
  job.filled = how.shared;
  const double start = how.team ? now() : 0;
  const Trust::Choice choice = how.team ? r.trust.choose(start) : Trust::Choice{};
  if (!kSmallCode && choice.share) {
    const auto carry = [&](Team& team) {
      Job own = job;
      own.in_team = team.size() > 1;
      Pass pass = pass_of(0, team.index());
      for (long first = 0; first < images.count; first += program.images())
        run_block(own, pass, first, static_cast<int>(images.count - first), team);
    };
    const bool wake = choice.wake || how.pool;
    const int members = run_team(threads, wake, std::ref(prepare), std::ref(carry));
    r.version = version;
    // Where nobody came, and the pool was asked, that says nothing of teams.
    if (members > 1 || !how.pool) r.trust.learn(choice, start, now());
    return;
  }
  if (!prepared || how.shared) run_threads(preparers, std::ref(prepare));
  if (!kSmallCode) r.version = version;
  const auto predict = [&](int t) {
    Pass pass = pass_of(t, t);
    Team alone;
    const long end = images.count * (t + 1) / passes;
    Job own = job;
    if (t > 0) own.nanoseconds = nullptr;
    for (long first = images.count * t / passes; first < end; first += program.images())
      run_block(own, pass, first, static_cast<int>(std::min<long>(program.images(), end - first)),
                alone);
  };
  run_threads(passes, std::ref(predict));
  if (how.team) r.trust.learn(choice, start, now());
}

} // namespace channels
} // namespace FENCEPOST_LEVEL
} // namespace fencepost
