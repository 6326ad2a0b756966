#include "testing/schema.hpp"

#include <algorithm>
#include <set>

#include "muster/base/text.hpp"
#include "muster/base/time.hpp"

namespace muster::coordinator::testing {
namespace {

bool has_type(const Json& value, const std::string& type) {
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    return type == "null" && value.is_null();
}

bool fits_path(const std::string& pattern, const std::string& path) {
    const auto wanted = split_list(pattern, '/');
    const auto given = split_list(path, '/');
    if (wanted.size() != given.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!wanted[i].starts_with('{') && wanted[i] != given[i]) return false;
    }
    return true;
}

const std::set<std::string> known_keywords{
    "$ref",    "type",      "properties", "required", "additionalProperties",
    "items",   "enum",      "anyOf",      "format",   "minimum",
    "maximum", "maxLength", "minLength",  "default",  "description"};

}  // namespace

Contract::Contract(Json document) : document_(std::move(document)) {}

const Json* Contract::operation(const std::string& method, const std::string& path) const {
    const Json* found = nullptr;
    std::size_t literal = 0;
    for (const auto& [pattern, methods] : document_["paths"].items()) {
        if (!fits_path(pattern, path)) continue;
        const auto operation = methods.find(to_lower(method));
        const auto score =
            1 + pattern.size() -
            static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '{')) * 4;
        if (operation == methods.end() || (found != nullptr && score <= literal)) continue;
        found = &*operation;
        literal = score;
    }
    return found;
}

std::optional<std::string> Contract::check(const std::string& method, const std::string& path,
                                           int status, const std::string& content_type,
                                           const std::string& body) const {
    const Json* described = operation(method, path);
    if (described == nullptr) {
        if (status >= 400) return std::nullopt;
        return method + " " + path + " is not described";
    }
    const auto& responses = (*described)["responses"];
    auto response = responses.find(std::to_string(status));
    if (response == responses.end() && status >= 400) response = responses.find("default");
    if (response == responses.end()) {
        return method + " " + path + " answers " + std::to_string(status) + ", not described";
    }
    const auto content = response->find("content");
    if (content == response->end()) {
        if (body.empty()) return std::nullopt;
        return method + " " + path + " has a body where none is described";
    }
    const auto type = std::string(trim(content_type.substr(0, content_type.find(';'))));
    const auto media = content->find(type);
    if (media == content->end()) return method + " " + path + " has the type " + content_type;
    if (type.starts_with("text/")) return std::nullopt;
    const auto value = Json::parse(body, nullptr, false);
    if (value.is_discarded()) return method + " " + path + " has a body that is no JSON";
    auto wrong =
        check(value, (*media)["schema"], method + " " + path + " " + std::to_string(status));
    if (wrong) *wrong += "\n" + body;
    return wrong;
}

std::optional<std::string> Contract::check(const Json& value, const Json& schema,
                                           const std::string& at) const {
    for (const auto& [keyword, content] : schema.items()) {
        if (!known_keywords.contains(keyword)) return at + ": the keyword " + keyword;
    }
    if (const auto ref = schema.find("$ref"); ref != schema.end()) {
        const auto name = ref->get<std::string>();
        return check(value, document_.at(Json::json_pointer(name.substr(1))), at);
    }
    if (const auto any = schema.find("anyOf"); any != schema.end()) {
        std::string all;
        for (const auto& one : *any) {
            const auto wrong = check(value, one, at);
            if (!wrong) return std::nullopt;
            all += *wrong + "; ";
        }
        return all;
    }
    if (const auto type = schema.find("type"); type != schema.end()) {
        const auto types = type->is_array() ? type->get<std::vector<std::string>>()
                                            : std::vector<std::string>{type->get<std::string>()};
        const bool fits = std::any_of(types.begin(), types.end(),
                                      [&](const auto& one) { return has_type(value, one); });
        if (!fits) return at + " is not " + type->dump();
    }
    if (const auto allowed = schema.find("enum"); allowed != schema.end()) {
        if (std::find(allowed->begin(), allowed->end(), value) == allowed->end()) {
            return at + " is " + value.dump() + ", not one of " + allowed->dump();
        }
    }
    if (value.is_number() && (value < schema.value("minimum", Json(-1e300)) ||
                              value > schema.value("maximum", Json(1e300)))) {
        return at + " is out of range";
    }
    if (value.is_string() && schema.value("format", "") == "date-time" &&
        !from_rfc3339(value.get<std::string>())) {
        return at + " is no time";
    }
    if (value.is_array() && schema.contains("items")) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (auto wrong = check(value[i], schema["items"], at + "[" + std::to_string(i) + "]")) {
                return wrong;
            }
        }
    }
    return value.is_object() ? check_object(value, schema, at) : std::nullopt;
}

std::optional<std::string> Contract::check_object(const Json& value, const Json& schema,
                                                  const std::string& at) const {
    for (const auto& name : schema.value("required", Json::array())) {
        if (!value.contains(name.get<std::string>())) return at + " lacks " + name.dump();
    }
    const Json properties = schema.value("properties", Json::object());
    const Json additional = schema.value("additionalProperties", Json(true));
    for (const auto& [name, member] : value.items()) {
        const auto here = at + "." + name;
        const auto described = properties.find(name);
        if (described != properties.end()) {
            if (auto wrong = check(member, *described, here)) return wrong;
        } else if (additional.is_object()) {
            if (auto wrong = check(member, additional, here)) return wrong;
        } else if (!additional.get<bool>()) {
            return here + " is not described";
        }
    }
    return std::nullopt;
}

}  // namespace muster::coordinator::testing
