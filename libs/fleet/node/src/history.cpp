#include "history.hpp"

#include <algorithm>
#include <cmath>

namespace muster::node {
namespace {

void put(std::vector<std::uint8_t>& out, std::int64_t value) {
    // Zigzag, then seven bits a byte: small differences of either sign take one byte.
    auto bits = (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
    while (bits >= 0x80) {
        out.push_back(static_cast<std::uint8_t>(bits | 0x80U));
        bits >>= 7U;
    }
    out.push_back(static_cast<std::uint8_t>(bits));
}

std::int64_t get(const std::vector<std::uint8_t>& in, std::size_t& at) {
    std::uint64_t bits = 0;
    for (unsigned shift = 0; at < in.size() && shift < 64; shift += 7) {
        const std::uint8_t byte = in[at++];
        bits |= std::uint64_t{byte & 0x7fU} << shift;
        if (byte < 0x80) break;
    }
    return static_cast<std::int64_t>(bits >> 1U) ^ -static_cast<std::int64_t>(bits & 1U);
}

std::int64_t difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

History::Row History::row_of(const wire::Sample& sample) {
    const double percent = std::clamp(sample.cpu_percent(), 0.0, 1e9);
    return {sample.time_ms(),
            std::llround(percent * 100),
            sample.memory_bytes(),
            sample.memory_limit_bytes(),
            sample.network_received_bytes(),
            sample.network_sent_bytes(),
            sample.disk_read_bytes(),
            sample.disk_written_bytes(),
            sample.disk_used_bytes(),
            sample.disk_limit_bytes(),
            sample.pids()};
}

wire::Sample History::sample_of(const Row& row) {
    wire::Sample sample;
    sample.set_time_ms(row[0]);
    sample.set_cpu_percent(static_cast<double>(row[1]) / 100);
    sample.set_memory_bytes(row[2]);
    sample.set_memory_limit_bytes(row[3]);
    sample.set_network_received_bytes(row[4]);
    sample.set_network_sent_bytes(row[5]);
    sample.set_disk_read_bytes(row[6]);
    sample.set_disk_written_bytes(row[7]);
    sample.set_disk_used_bytes(row[8]);
    sample.set_disk_limit_bytes(row[9]);
    sample.set_pids(row[10]);
    return sample;
}

void History::add(const wire::Sample& sample) {
    if (blocks_.empty() || blocks_.back().count == block_samples) {
        if (!blocks_.empty()) blocks_.back().packed.shrink_to_fit();
        if (blocks_.size() == blocks_max) blocks_.pop_front();
        blocks_.emplace_back();
        previous_ = {};
    }
    const Row row = row_of(sample);
    Block& block = blocks_.back();
    for (std::size_t i = 0; i < fields; ++i) put(block.packed, difference(row[i], previous_[i]));
    ++block.count;
    previous_ = row;
}

std::vector<wire::Sample> History::last(std::size_t count) const {
    std::vector<wire::Sample> samples;
    std::size_t skip = size() - std::min(count, size());
    for (const Block& block : blocks_) {
        if (skip >= block.count) {
            skip -= block.count;
            continue;
        }
        Row row{};
        std::size_t at = 0;
        for (std::size_t i = 0; i < block.count; ++i) {
            for (std::int64_t& field : row) field = sum(field, get(block.packed, at));
            if (skip > 0) {
                --skip;
            } else {
                samples.push_back(sample_of(row));
            }
        }
    }
    return samples;
}

std::size_t History::size() const {
    std::size_t count = 0;
    for (const Block& block : blocks_) count += block.count;
    return count;
}

std::size_t History::bytes() const {
    std::size_t total = 0;
    for (const Block& block : blocks_) total += block.packed.capacity() + sizeof(Block);
    return total;
}

}  // namespace muster::node
