// Files that are mapped into memory and may be cut by others while they are read.
#pragma once

#include <cstddef>

namespace fencepost {
inline namespace FENCEPOST_LEVEL {

// Watches memory that maps a file. Where the file has become shorter, a read would end the process
// with SIGBUS; from now on it gives zeros, and `mapping_is_cut` says so. Returns false where this
// is not possible (on Windows, which lets nobody cut a mapped file, or with very many mappings).
bool watch_mapping(const void* memory, size_t bytes);
void forget_mapping(const void* memory);
bool mapping_is_cut(const void* memory);

} // namespace FENCEPOST_LEVEL
} // namespace fencepost
