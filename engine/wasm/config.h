// Read before every source of the WebAssembly build, which has neither threads nor exceptions: a
// mutex that one thread always gets, and `throw` as a trap, which JavaScript sees as an error.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace std {
struct mutex {
  void lock() {}
  void unlock() {}
  bool try_lock() { return true; }
};
} // namespace std

#define throw __builtin_trap(),
