#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "muster/node/v1/node.pb.h"

namespace muster::node {

namespace wire = muster::node::v1;

/// The last hour of samples, one a second, as differences in variable-length numbers: about 15
/// bytes each, so that fifty servers take less than 3 MB.
class History {
  public:
    static constexpr std::size_t block_samples = 60;
    static constexpr std::size_t blocks_max = 61;  ///< the last one is being filled

    void add(const wire::Sample& sample);
    /// The newest `count`, oldest first.
    [[nodiscard]] std::vector<wire::Sample> last(std::size_t count) const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t bytes() const;

  private:
    static constexpr std::size_t fields = 11;
    using Row = std::array<std::int64_t, fields>;
    static Row row_of(const wire::Sample& sample);
    static wire::Sample sample_of(const Row& row);

    struct Block {
        std::vector<std::uint8_t> packed;
        std::size_t count = 0;
    };
    std::deque<Block> blocks_;
    Row previous_{};
};

}  // namespace muster::node
