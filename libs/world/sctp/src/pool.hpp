#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

/// Blocks of memory that come back: the steady state of an association allocates nothing, and an
/// idle one keeps nothing. The pool is the thread's, as an association is; a block that is freed
/// on another thread goes into that thread's pool.
namespace muster::sctp {

struct BlockDelete {
    void operator()(std::byte* block) const noexcept;
};
/// Raw memory, aligned for any header, at least as large as asked for.
using Block = std::unique_ptr<std::byte, BlockDelete>;

[[nodiscard]] Block take_block(std::size_t bytes);

}  // namespace muster::sctp
