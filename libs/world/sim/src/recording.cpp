#include "muster/sim/recording.hpp"
namespace muster::sim {
Recorder::Recorder(const Map&, const Rules&, std::uint64_t, std::size_t bytes_max)
    : bytes_max_(bytes_max) {}
void Recorder::joined(PlayerId, const JoinRequest&) {}
void Recorder::left(PlayerId) {}
void Recorder::input(PlayerId, const Input&) {}
void Recorder::stepped(const World&) {
    full_ = bytes_.size() >= bytes_max_;
}
}  // namespace muster::sim
