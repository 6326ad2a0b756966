#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/error.hpp"

namespace muster::http {

/// Whether two header names are the same, which is without regard to ASCII case.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

/// Header fields; names are compared without case, order is kept, a name may come twice.
class Fields {
  public:
    void add(std::string name, std::string value);
    void set(std::string name, std::string value);  ///< replaces all of that name
    void remove(std::string_view name);             ///< all of that name
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;  ///< the first
    /// The items of a comma-separated list field, over all its lines, without blanks around them.
    [[nodiscard]] std::vector<std::string_view> list(std::string_view name) const;
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
    /// Of a request made within the process (Server::call): whom the caller vouches for. Nothing
    /// that came over a connection has it.
    std::string vouched_for;

    /// The first value of that name.
    [[nodiscard]] std::optional<std::string> query_one(std::string_view name) const;
};

struct Response {
    int status = 200;
    Fields headers;
    std::string body;
};

/// RFC 9457 problem+json: {"type":"about:blank","title","status","code","detail","field"?}.
[[nodiscard]] Response problem(const Error& error);
/// The same with a status that no Errc stands for: 405, 431, ...
[[nodiscard]] Response problem(int status, const Error& error);
/// The reason phrase of a status (RFC 9110), as in a status line and in a problem's title.
[[nodiscard]] std::string_view reason_of(int status);

}  // namespace muster::http
