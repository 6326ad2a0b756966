#include "json.hpp"

#include <cmath>
#include <limits>

namespace muster::runtime_docker {

Result<Json> parse_json(std::string_view text) {
    auto json = Json::parse(text.begin(), text.end(), nullptr, false);
    if (json.is_discarded()) return fail(Errc::internal, "the engine's answer is not JSON");
    return json;
}

const Json& at(const Json& object, std::initializer_list<std::string_view> path) {
    static const Json none;
    const Json* here = &object;
    for (const auto key : path) {
        if (!here->is_object()) return none;
        const auto found = here->find(key);
        if (found == here->end()) return none;
        here = &*found;
    }
    return *here;
}

std::string text_at(const Json& object, std::initializer_list<std::string_view> path) {
    const auto& value = at(object, path);
    return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t number_at(const Json& object, std::initializer_list<std::string_view> path) {
    using Limits = std::numeric_limits<std::int64_t>;
    const auto& value = at(object, path);
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        constexpr auto most = static_cast<std::uint64_t>(Limits::max());
        return static_cast<std::int64_t>(number < most ? number : most);
    }
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (!value.is_number_float()) return 0;
    const double number = value.get<double>();
    constexpr double bound = 9.2e18;
    if (std::isnan(number)) return 0;
    if (number > bound) return Limits::max();
    if (number < -bound) return Limits::min();
    return static_cast<std::int64_t>(number);
}

bool flag_at(const Json& object, std::initializer_list<std::string_view> path) {
    const auto& value = at(object, path);
    return value.is_boolean() && value.get<bool>();
}

std::map<std::string, std::string> texts_at(const Json& object,
                                            std::initializer_list<std::string_view> path) {
    std::map<std::string, std::string> out;
    const auto& value = at(object, path);
    if (!value.is_object()) return out;
    for (const auto& [key, text] : value.items()) {
        if (text.is_string()) out[key] = text.get<std::string>();
    }
    return out;
}

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace muster::runtime_docker
