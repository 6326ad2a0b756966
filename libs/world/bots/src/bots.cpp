#include "muster/bots/bots.hpp"

#include "crowd.hpp"

namespace muster::bots {

struct Bots::Impl {
    Crowd crowd;
};

Bots::Bots(sim::World& world, Options options, std::uint64_t seed)
    : impl_(new Impl{.crowd = Crowd(world, options, seed)}) {}
Bots::~Bots() = default;
Bots::Bots(Bots&&) noexcept = default;

void Bots::think() {
    impl_->crowd.think();
}
sim::PlayerId Bots::make_room(sim::Team for_team) {
    return impl_->crowd.make_room(for_team);
}
void Bots::set_wanted(std::uint16_t wanted) {
    impl_->crowd.set_wanted(wanted);
}
std::size_t Bots::count() const {
    return impl_->crowd.count();
}

}  // namespace muster::bots
