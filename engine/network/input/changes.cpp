// Draws behind changes.h. Each option has words of its own, so that turning one on leaves the draws
// of the others alone.
#include "network/input/changes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "random.h"

namespace fencepost {
inline namespace FENCEPOST_LEVEL {
namespace {

struct Kind {
  const char* name;
  int values;
};
constexpr Kind kKinds[] = {
    {"crop", 4},       {"affine", 5},       {"flip", 0},        {"vflip", 0},     {"shear_x", 1},
    {"shear_y", 1},    {"translate_x", 1},  {"translate_y", 1}, {"rotate", 1},    {"identity", 0},
    {"brightness", 1}, {"saturation", 1},   {"contrast", 1},    {"sharpness", 1}, {"posterize", 1},
    {"solarize", 1},   {"autocontrast", 0}, {"equalize", 0},    {"hue", 1},       {"erase", 4},
};

constexpr int kAttempts = 10; // at a rectangle that fits, as in torchvision

RandomWords words_of(const Draw& d, Stream stream, uint32_t counter) {
  return random_words(d.seed, d.step, d.index, stream, counter);
}

// An integer from 0 to n - 1.
int below(uint32_t bits, int n) { return static_cast<int>(static_cast<uint64_t>(bits) * n >> 32); }

// Uniform between a and b.
float between(uint32_t bits, float a, float b) { return a + (b - a) * uniform(bits); }

// A rectangle of a random share of an area, of a random ratio of its sides (its logarithm is
// uniform), at a random place: of torchvision's RandomResizedCrop and RandomErasing.
struct Shares {
  float least, most, least_ratio, most_ratio; // of the area; of width to height
};
bool draw_rectangle(const Shares& shares, float height, float width, int most_height,
                    int most_width, int rows, int columns, const RandomWords& words,
                    Change& change) {
  const float share = between(words.word[0], shares.least, shares.most);
  const float ratio =
      std::exp(between(words.word[1], std::log(shares.least_ratio), std::log(shares.most_ratio)));
  const int h = static_cast<int>(std::lround(height * std::sqrt(share / ratio)));
  const int w = static_cast<int>(std::lround(width * std::sqrt(share * ratio)));
  if (h < 1 || w < 1 || h > most_height || w > most_width) return false;
  const int top = below(words.word[2], rows - h + 1), left = below(words.word[3], columns - w + 1);
  change.value[0] = static_cast<float>(top), change.value[1] = static_cast<float>(left);
  change.value[2] = static_cast<float>(h), change.value[3] = static_cast<float>(w);
  return true;
}

// Sides in the image's own proportions, so that the image is stretched by at most 4/3, whatever
// its shape. Of an image that no attempt fits, nothing is cut off.
void draw_crop(const Augmentation& options, int height, int width, const Draw& draw,
               std::vector<Change>& changes) {
  const Shares shares{options.crop, 1, 3.0f / 4, 4.0f / 3};
  Change change{ChangeKind::crop};
  for (int attempt = 0; attempt < kAttempts; attempt++)
    if (draw_rectangle(shares, static_cast<float>(height), static_cast<float>(width), height, width,
                       height, width, words_of(draw, Stream::crop, attempt), change))
      return changes.push_back(change);
}

void draw_erase(const Augmentation& options, int height, int width, const Draw& draw,
                std::vector<Change>& changes) {
  if (uniform(words_of(draw, Stream::erase, 0).word[0]) >= options.erase) return;
  const Shares shares{0.02f, 0.33f, 1 / 3.3f, 1 / 0.3f};
  const float side = std::sqrt(static_cast<float>(height) * static_cast<float>(width));
  Change change{ChangeKind::erase};
  for (int attempt = 0; attempt < kAttempts; attempt++)
    if (draw_rectangle(shares, side, side, height - 1, width - 1, height, width,
                       words_of(draw, Stream::erase, attempt + 1), change))
      return changes.push_back(change);
}

void draw_affine(const Augmentation& options, int height, const Draw& draw,
                 std::vector<Change>& changes) {
  const RandomWords first = words_of(draw, Stream::affine, 0);
  const RandomWords second = words_of(draw, Stream::affine, 1);
  const bool image = height > 1; // a signal is neither rotated nor sheared
  if (options.shift != 0 || options.scale != 0 ||
      (image && (options.rotate != 0 || options.shear != 0))) {
    constexpr float radian = std::numbers::pi_v<float> / 180;
    Change change{ChangeKind::affine};
    change.value[0] = options.shift * signed_uniform(first.word[0]);
    change.value[1] = image ? options.shift * signed_uniform(first.word[1]) : 0.0f;
    change.value[2] = image ? options.rotate * signed_uniform(first.word[2]) : 0.0f;
    change.value[3] = 1 + options.scale * signed_uniform(first.word[3]);
    change.value[4] =
        image ? std::tan(options.shear * signed_uniform(second.word[0]) * radian) : 0.0f;
    changes.push_back(change);
  }
  if (options.flip && second.word[1] >> 31) changes.push_back({ChangeKind::flip});
  if (options.vflip && second.word[2] >> 31) changes.push_back({ChangeKind::vflip});
}

// E. Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search
// space", 2019, with the operations and magnitudes of torchvision 0.29, v2.RandAugment: 31
// magnitudes, from nothing to the most.
void draw_operations(const Augmentation& options, int height, int width, const Draw& draw,
                     std::vector<Change>& changes) {
  constexpr ChangeKind kinds[] = {
      ChangeKind::identity,     ChangeKind::shear_x,     ChangeKind::shear_y,
      ChangeKind::translate_x,  ChangeKind::translate_y, ChangeKind::rotate,
      ChangeKind::brightness,   ChangeKind::saturation,  ChangeKind::contrast,
      ChangeKind::sharpness,    ChangeKind::posterize,   ChangeKind::solarize,
      ChangeKind::autocontrast, ChangeKind::equalize};
  const float level = static_cast<float>(options.magnitude) / 30;
  for (int i = 0; i < options.operations; i++) {
    const RandomWords words = words_of(draw, Stream::operations, i);
    Change change{kinds[below(words.word[0], std::size(kinds))]};
    const float sign = words.word[1] >> 31 ? -1.0f : 1.0f;
    float& value = change.value[0];
    switch (change.kind) {
    case ChangeKind::shear_x:
    case ChangeKind::shear_y:
      value = sign * 0.3f * level;
      break;
    case ChangeKind::translate_x:
      value = sign * std::trunc(150.0f / 331 * static_cast<float>(width) * level);
      break;
    case ChangeKind::translate_y:
      value = sign * std::trunc(150.0f / 331 * static_cast<float>(height) * level);
      break;
    case ChangeKind::rotate:
      value = sign * 30 * level;
      break;
    case ChangeKind::brightness:
    case ChangeKind::saturation:
    case ChangeKind::contrast:
    case ChangeKind::sharpness:
      value = 1 + sign * 0.9f * level;
      break;
    case ChangeKind::posterize:
      value = std::nearbyint(8 - 4 * level);
      break;
    case ChangeKind::solarize:
      value = 1 - level;
      break;
    default:
      break;
    }
    changes.push_back(change);
  }
}

// Each factor of its own word; all orders are as likely.
void draw_colours(const Augmentation& options, const Draw& draw, std::vector<Change>& changes) {
  const RandomWords words = words_of(draw, Stream::colours, 0);
  const auto factor = [](float most, uint32_t bits) {
    return between(bits, std::max(0.0f, 1 - most), 1 + most);
  };
  struct Option {
    bool on;
    Change change;
  } list[] = {
      {options.brightness != 0,
       {ChangeKind::brightness, {factor(options.brightness, words.word[0])}}},
      {options.contrast != 0, {ChangeKind::contrast, {factor(options.contrast, words.word[1])}}},
      {options.saturation != 0,
       {ChangeKind::saturation, {factor(options.saturation, words.word[2])}}},
      {options.hue != 0, {ChangeKind::hue, {options.hue * signed_uniform(words.word[3])}}},
  };
  // Fisher and Yates: each place takes one of those that are left.
  const RandomWords order = words_of(draw, Stream::colours, 1);
  for (int i = 0; i < 3; i++) std::swap(list[i], list[i + below(order.word[i], 4 - i)]);
  for (const Option& option : list)
    if (option.on) changes.push_back(option.change);
}

// From a symmetric Beta distribution, by rejection: M. Jöhnk 1964 up to alpha = 1 (U^(1/alpha) and
// V^(1/alpha) with a sum of at most 1), above it uniform points below the density.
float draw_beta(float alpha, const Draw& draw) {
  for (uint32_t attempt = 1; attempt < 1000; attempt++) {
    const RandomWords words = words_of(draw, Stream::mix, attempt);
    const double u = uniform(words.word[0]) + 0x1p-25, v = uniform(words.word[1]) + 0x1p-25;
    if (alpha > 1) {
      if (v <= std::pow(4 * u * (1 - u), alpha - 1.0)) return static_cast<float>(u);
      continue;
    }
    // Logarithms, or both powers would be 0 where alpha is small.
    const double x = std::log(u) / alpha, y = std::log(v) / alpha, most = std::max(x, y);
    const double sum = std::exp(x - most) + std::exp(y - most);
    if (most + std::log(sum) <= 0) return static_cast<float>(std::exp(x - most) / sum);
  }
  return 0.5f;
}

} // namespace

const char* change_name(ChangeKind kind) { return kKinds[static_cast<int>(kind)].name; }
int value_count(ChangeKind kind) { return kKinds[static_cast<int>(kind)].values; }

void draw_changes(const Augmentation& options, int height, int width, const Draw& draw,
                  std::vector<Change>& changes) {
  changes.clear();
  if (options.crop != 0) draw_crop(options, height, width, draw, changes);
  if (options.warps() || options.flip || options.vflip) draw_affine(options, height, draw, changes);
  draw_operations(options, height, width, draw, changes);
  if (options.colours()) draw_colours(options, draw, changes);
  if (options.erase != 0) draw_erase(options, height, width, draw, changes);
}

// CutMix's rectangle has the image's proportions and the share 1 - lambda of its area, about a
// random pixel; what would lie outside is cut off, and the share is of what is left.
Mix draw_mix(const Augmentation& options, int height, int width, const Draw& draw) {
  Mix mix;
  if (!options.mixes()) return mix;
  const RandomWords words = words_of(draw, Stream::mix, 0);
  mix.box = options.cutmix != 0 && (options.mixup == 0 || words.word[0] >> 31);
  mix.share = draw_beta(mix.box ? options.cutmix : options.mixup, draw);
  if (!mix.box) return mix;
  const int y = below(words.word[1], height), x = below(words.word[2], width);
  const float half = 0.5f * std::sqrt(1 - mix.share);
  const int half_height = static_cast<int>(half * static_cast<float>(height));
  const int half_width = static_cast<int>(half * static_cast<float>(width));
  mix.top = std::max(0, y - half_height), mix.left = std::max(0, x - half_width);
  mix.height = std::min(height, y + half_height) - mix.top;
  mix.width = std::min(width, x + half_width) - mix.left;
  mix.share = 1 - static_cast<float>(mix.height * mix.width) / static_cast<float>(height * width);
  return mix;
}

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
