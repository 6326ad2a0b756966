#include "events.hpp"

#include <algorithm>

namespace muster::coordinator {

namespace {

bool is_on(const std::string& node_id, std::string_view type, const Json& object) {
    const auto named = object.find(type == "node" ? "id" : "node_id");
    // What is gone may not say any more where it was.
    return named == object.end() || *named == node_id;
}

}  // namespace

bool Events::wanted(std::string_view type) const {
    return std::any_of(watchers_.begin(), watchers_.end(),
                       [type](const Watcher& watcher) { return watcher.kinds.contains(type); });
}

void Events::publish(std::string_view type, bool gone, const Json& object,
                     const std::string& server_id) {
    ++sequence_;
    std::string text;
    for (auto at = watchers_.begin(); at != watchers_.end();) {
        // The next is taken first: a watcher that is closed may be removed at once.
        auto& watcher = *at++;
        if (!watcher.kinds.contains(type)) continue;
        if (watcher.who.servers && (server_id.empty() || !watcher.who.sees(server_id))) continue;
        if (!watcher.node_id.empty() && !is_on(watcher.node_id, type, object)) continue;
        if (text.empty()) {
            text = to_text(Json{{"type", type},
                                {"action", gone ? "gone" : "put"},
                                {"object", object},
                                {"sequence", sequence_}});
        }
        // One that is too slow is closed by its socket; its reader then removes it.
        static_cast<void>(watcher.socket->send(text));
    }
}

Result<Events::Place> Events::add(Watcher watcher) {
    if (watchers_.size() >= watchers_max) {
        return fail(Errc::exhausted,
                    "there are " + std::to_string(watchers_max) + " watchers already");
    }
    const Json hello{{"type", "hello"}, {"sequence", sequence_}};
    if (auto sent = watcher.socket->send(hello.dump()); !sent) {
        return std::unexpected(sent.error());
    }
    return watchers_.insert(watchers_.end(), std::move(watcher));
}

void Events::remove(Place place) {
    watchers_.erase(place);
}

}  // namespace muster::coordinator
