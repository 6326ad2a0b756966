#include <utility>

#include "body.hpp"

namespace muster::uplink {
namespace {

// Shorter than a coordinator waits before it takes a server for dead whose link has closed.
constexpr milliseconds linked_for{800};

}  // namespace

void Questions::ask(mesh::Question question) {
    const std::lock_guard lock(mutex_);
    const bool is_first = !newest_;
    newest_ = std::move(question);
    if (is_first && wake_) wake_();
}
std::optional<mesh::Question> Questions::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(newest_, std::nullopt);
}
bool Questions::is_linked() const {
    return boot_time().count() - answered_at_ < linked_for.count();
}
void Questions::on_ask(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    if (newest_ && wake_) wake_();
}

}  // namespace muster::uplink
