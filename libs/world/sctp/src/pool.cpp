#include "pool.hpp"

#include <array>

namespace muster::sctp {
namespace {

// Each block is preceded by the number of its class, so that deleting needs no size.
constexpr std::size_t header_bytes = alignof(std::max_align_t);
constexpr std::array<std::size_t, 4> class_bytes{256, 640, 1'536, 8'192};
constexpr std::array<std::size_t, 4> class_kept_max{4'096, 4'096, 2'048, 64};
constexpr std::uint8_t unpooled = 255;

struct Free {
    Free* next;
};

/// The free blocks of one thread. Trivially destructible in use: after `gone` the blocks go
/// straight to the heap, as when an association outlives its thread's variables.
struct Pool {
    std::array<Free*, class_bytes.size()> free{};
    std::array<std::size_t, class_bytes.size()> count{};
    ~Pool();
};

thread_local bool gone = false;
thread_local Pool pool;

Pool::~Pool() {
    gone = true;
    for (Free* head : free) {
        while (head != nullptr) {
            Free* next = head->next;
            ::operator delete(reinterpret_cast<std::byte*>(head) - header_bytes);
            head = next;
        }
    }
}

}  // namespace

Block take_block(std::size_t bytes) {
    std::uint8_t index = 0;
    while (index < class_bytes.size() && class_bytes[index] < bytes) ++index;
    if (index < class_bytes.size()) {
        bytes = class_bytes[index];
        if (!gone && pool.free[index] != nullptr) {
            Free* head = pool.free[index];
            pool.free[index] = head->next;
            --pool.count[index];
            return Block(reinterpret_cast<std::byte*>(head));
        }
    } else {
        index = unpooled;
    }
    auto* memory = static_cast<std::byte*>(::operator new(header_bytes + bytes));
    memory[0] = static_cast<std::byte>(index);
    return Block(memory + header_bytes);
}

void BlockDelete::operator()(std::byte* block) const noexcept {
    std::byte* memory = block - header_bytes;
    const auto index = std::to_integer<std::uint8_t>(memory[0]);
    if (index == unpooled || gone || pool.count[index] >= class_kept_max[index]) {
        ::operator delete(memory);
        return;
    }
    pool.free[index] = new (block) Free{pool.free[index]};
    ++pool.count[index];
}

}  // namespace muster::sctp
