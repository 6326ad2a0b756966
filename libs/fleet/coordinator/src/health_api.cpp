#include "house.hpp"
#include "observations.hpp"
#include "openapi.hpp"

namespace muster::coordinator {
namespace {

Result<http::Response> health(const House& house) {
    std::string reason;
    if (const auto& why = house.ledger.failing(); !why.empty()) {
        reason = "the store cannot be written: " + why;
    } else if (house.options.failing) {
        reason = house.options.failing();
    }
    if (reason.empty()) return json_response(200, Json{{"status", "ok"}});
    return json_response(503, Json{{"status", "failing"}, {"reason", std::move(reason)}});
}

}  // namespace

void add_health_api(Routes& routes, House& house) {
    routes.get("/healthz", Access::anyone, [&house](Call&) { return health(house); });
    // It listens only once everything is loaded, so what is healthy is ready too.
    routes.get("/readyz", Access::anyone, [&house](Call&) { return health(house); });
    routes.get("/api/v1", Access::anyone, [&house](Call&) -> Result<http::Response> {
        return json_response(200, Json{{"name", "muster"}, {"version", house.options.version}});
    });
    routes.get("/api/openapi.json", Access::anyone, [](Call&) -> Result<http::Response> {
        http::Response response;
        response.headers.set("Content-Type", "application/json");
        response.headers.set("Cache-Control", "no-cache");
        response.body = std::string(openapi_json);
        return response;
    });
}

void add_metrics_api(Routes& routes, House& house, const Observations& observations) {
    routes.get("/metrics", Access::view,
               [&house, &observations](Call& call) -> Result<http::Response> {
                   if (auto whole = whole_fleet(call); !whole) {
                       return std::unexpected(whole.error());
                   }
                   http::Response response;
                   response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
                   response.body = observations.expose(house);
                   if (house.options.more_metrics) response.body += house.options.more_metrics();
                   return response;
               });
}

}  // namespace muster::coordinator
