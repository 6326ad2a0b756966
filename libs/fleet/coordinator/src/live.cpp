#include "live.hpp"

#include <vector>

#include "guard.hpp"

namespace muster::coordinator {

Live::Handle::~Handle() {
    const auto found = live_->open_.find(token_id_);
    if (found == live_->open_.end()) return;
    found->second.erase(number_);
    if (found->second.empty()) live_->open_.erase(found);
}

std::unique_ptr<Live::Handle> Live::add(const std::string& token_id, std::function<void()> cut) {
    const auto number = next_++;
    open_[token_id].emplace(number, std::move(cut));
    return std::make_unique<Handle>(*this, token_id, number);
}

void Live::cut(const std::string& token_id) {
    const auto found = open_.find(token_id);
    if (found == open_.end()) return;
    // Taken out first: what is cut may end its handle at once.
    auto all = std::move(found->second);
    open_.erase(found);
    for (auto& [number, cut_one] : all) cut_one();
}

void Live::cut_expired(const Tokens& tokens) {
    std::vector<std::string> gone;
    for (const auto& [token_id, connections] : open_) {
        // A node's password does not expire; revoking the node cuts.
        if (is_password_principal(token_id)) continue;
        if (!tokens.find(token_id)) gone.push_back(token_id);
    }
    for (const auto& token_id : gone) cut(token_id);
}

std::size_t Live::count() const {
    std::size_t out = 0;
    for (const auto& [token_id, connections] : open_) out += connections.size();
    return out;
}

}  // namespace muster::coordinator
