#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::http {

/// Header fields; names are compared without case, order is kept, a name may come twice.
class Fields {
  public:
    void add(std::string name, std::string value);
    void set(std::string name, std::string value);  ///< replaces all of that name
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;  ///< the first
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const {
        return all_;
    }

  private:
    std::vector<std::pair<std::string, std::string>> all_;
};

/// A request as a handler sees it: read whole, its target taken apart and percent-decoded.
struct Request {
    std::string method;  ///< upper case
    std::string path;    ///< decoded, without the query; always valid UTF-8
    std::multimap<std::string, std::string> query;       ///< decoded
    std::map<std::string, std::string> path_parameters;  ///< {id} of the route -> its segment
    Fields headers;
    std::string body;
    std::string remote_address;  ///< numeric, without port
    bool secure = false;         ///< came over TLS
    std::string route;           ///< the pattern that matched, for metrics: "/api/v1/servers/{id}"

    [[nodiscard]] std::optional<std::string> query_one(std::string_view name) const;
};

struct Response {
    int status = 200;
    Fields headers;
    std::string body;
};

}  // namespace muster::http
