#include <algorithm>
#include <charconv>

#include "house.hpp"
#include "views.hpp"

namespace muster::coordinator {
namespace {

bool sees(const Call& call, const brain::Operation& operation) {
    return !call.who.servers ||
           (!operation.server_id.empty() && call.who.sees(operation.server_id));
}

/// The newest first. A cursor is the order of the last one that was shown.
Result<http::Response> list_operations(House& house, Call& call) {
    if (auto known = call.only({"server", "node", "state", "limit", "cursor"}); !known) {
        return std::unexpected(known.error());
    }
    const auto limit = call.limit();
    if (!limit) return std::unexpected(limit.error());
    const auto cursor = call.cursor();
    if (!cursor) return std::unexpected(cursor.error());
    std::uint64_t before = UINT64_MAX;
    if (!cursor->empty()) {
        const char* end = cursor->data() + cursor->size();
        const auto [stop, error] = std::from_chars(cursor->data(), end, before);
        if (error != std::errc{} || stop != end) {
            return fail(Errc::invalid_argument, "it is not a cursor that this list gave", "cursor");
        }
    }
    const auto server = call.query("server");
    const auto node = call.query("node");
    const auto wanted = call.query("state");
    std::vector<const brain::Operation*> found;
    house.fleet.state().each_operation([&](const brain::Operation& operation) {
        if (operation.order >= before || !sees(call, operation)) return;
        if (!server.empty() && operation.server_id != server) return;
        if (!node.empty() && operation.node_id != node) return;
        if (!wanted.empty() && brain::name_of(operation.state) != wanted) return;
        found.push_back(&operation);
    });
    const auto shown = std::min(*limit, found.size());
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown),
                      found.end(),
                      [](const auto* a, const auto* b) { return a->order > b->order; });
    Json items = Json::array();
    for (std::size_t i = 0; i < shown; ++i) {
        items.push_back(to_json(*found[i], house.fleet.state(), house.tokens));
    }
    const auto next = found.size() > shown ? std::to_string(found[shown - 1]->order) : "";
    return list_response(std::move(items), next, 0);
}

Result<const brain::Operation*> known_operation(const House& house, const Call& call) {
    const auto* operation = house.fleet.state().operation(call.id());
    if (operation == nullptr || !sees(call, *operation)) {
        return fail(Errc::not_found, "there is no operation " + call.id());
    }
    return operation;
}

Result<http::Response> get_operation(House& house, Call& call) {
    const auto operation = known_operation(house, call);
    if (!operation) return std::unexpected(operation.error());
    return object_response(to_json(**operation, house.fleet.state(), house.tokens));
}

Result<http::Response> cancel_operation(House& house, Call& call) {
    const auto operation = known_operation(house, call);
    if (!operation) return std::unexpected(operation.error());
    brain::CancelOperation event;
    event.operation_id = call.id();
    if (auto told = house.fleet.tell(std::move(event)); !told) {
        return std::unexpected(told.error());
    }
    return no_content();
}

}  // namespace

void add_operations_api(Routes& routes, House& house) {
    const std::string one = "/api/v1/operations/{id}";
    routes.get("/api/v1/operations", Access::view,
               [&house](Call& call) { return list_operations(house, call); });
    routes.get(one, Access::view, [&house](Call& call) { return get_operation(house, call); });
    routes.change("DELETE", one, Access::operate, "operation.cancel",
                  [&house](Call& call) { return cancel_operation(house, call); });
}

}  // namespace muster::coordinator
