#include "json.hpp"

#include <algorithm>
#include <cmath>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"

namespace muster::coordinator {
namespace {

/// Nesting is counted before parsing: what walks a document later is recursive, and a body of four
/// million brackets must not reach it.
bool too_deep(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
            continue;
        }
        if (c == '"') in_string = true;
        if (c == '[' || c == '{') ++depth;
        if ((c == ']' || c == '}') && depth > 0) --depth;
        if (depth > json_depth_max) return true;
    }
    return false;
}

}  // namespace

Result<Json> parse_object(std::string_view text, bool allow_empty) {
    if (allow_empty && text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return Json::object();
    }
    if (too_deep(text)) {
        return fail(Errc::invalid_argument,
                    "the body nests deeper than " + std::to_string(json_depth_max) + " levels");
    }
    try {
        Json value = Json::parse(text);
        if (!value.is_object()) {
            return fail(Errc::invalid_argument, "the body must be a JSON object");
        }
        return value;
    } catch (const Json::parse_error& error) {
        return fail(Errc::invalid_argument,
                    "the body is no JSON: it goes wrong at byte " + std::to_string(error.byte));
    } catch (const Json::exception&) {
        return fail(Errc::invalid_argument, "the body is JSON that cannot be represented");
    }
}

std::string to_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> parse_record(std::string_view kind, std::string_view id, std::string_view body) {
    auto value = parse_object(body);
    if (!value) {
        return fail(Errc::internal, "the store's record " + std::string(kind) + "/" +
                                        std::string(id) +
                                        " cannot be read: " + value.error().message);
    }
    return value;
}

void merge_patch(Json& target, const Json& patch) {
    target.merge_patch(patch);
}

Json time_or_null(const std::optional<Timestamp>& time) {
    if (!time) return nullptr;
    return to_rfc3339(*time);
}

Reader::Reader(const Json& object, std::string prefix)
    : object_(object), prefix_(std::move(prefix)) {}

std::string Reader::path(std::string_view name) const {
    return prefix_.empty() ? std::string(name) : prefix_ + "." + std::string(name);
}

const Json* Reader::member(std::string_view name) {
    known_.emplace_back(name);
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return nullptr;
    return &*found;
}

void Reader::refuse(std::string_view name, std::string message) {
    if (!error_) error_ = Error{Errc::invalid_argument, std::move(message), path(name)};
}

std::optional<std::string> Reader::text(std::string_view name, std::size_t length_max) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        refuse(name, "it must be a text");
        return std::nullopt;
    }
    auto out = value->get<std::string>();
    if (out.size() > length_max) {
        refuse(name, "it is longer than " + std::to_string(length_max) + " bytes");
        return std::nullopt;
    }
    if (out.find('\0') != std::string::npos) {
        refuse(name, "it holds a NUL character");
        return std::nullopt;
    }
    return out;
}

std::string Reader::required_text(std::string_view name, std::size_t length_max) {
    auto out = text(name, length_max);
    if (!out || out->empty()) {
        refuse(name, "it is required");
        return {};
    }
    return *std::move(out);
}

std::optional<std::int64_t> Reader::integer(std::string_view name, std::int64_t min,
                                            std::int64_t max) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    const bool fits =
        value->is_number_integer() &&
        (!value->is_number_unsigned() || value->get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
    if (!fits) {
        refuse(name, "it must be a whole number");
        return std::nullopt;
    }
    const auto out = value->get<std::int64_t>();
    if (out < min || out > max) {
        refuse(name, "it must be from " + std::to_string(min) + " to " + std::to_string(max));
        return std::nullopt;
    }
    return out;
}

std::optional<double> Reader::real(std::string_view name, double min, double max) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) {
        refuse(name, "it must be a number");
        return std::nullopt;
    }
    const auto out = value->get<double>();
    if (!std::isfinite(out) || out < min || out > max) {
        refuse(name, "it must be from " + Json(min).dump() + " to " + Json(max).dump());
        return std::nullopt;
    }
    return out;
}

std::optional<bool> Reader::boolean(std::string_view name) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_boolean()) {
        refuse(name, "it must be true or false");
        return std::nullopt;
    }
    return value->get<bool>();
}

std::optional<std::map<std::string, std::string>> Reader::texts(std::string_view name,
                                                                std::size_t count_max,
                                                                std::size_t length_max) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object() || value->size() > count_max) {
        refuse(name, "it must be an object of at most " + std::to_string(count_max) + " texts");
        return std::nullopt;
    }
    std::map<std::string, std::string> out;
    for (const auto& [key, item] : value->items()) {
        std::string content;
        if (item.is_string()) {
            content = item.get<std::string>();
        } else if (item.is_number() || item.is_boolean()) {
            content = item.dump();
        } else {
            refuse(std::string(name) + "." + key, "it must be a text");
            return std::nullopt;
        }
        if (key.empty() || key.size() > 255 || content.size() > length_max ||
            content.find('\0') != std::string::npos || key.find('\0') != std::string::npos) {
            refuse(std::string(name) + "." + key.substr(0, 64),
                   "names have 1 to 255 bytes, values at most " + std::to_string(length_max) +
                       ", and neither a NUL character");
            return std::nullopt;
        }
        out.emplace(key, std::move(content));
    }
    return out;
}

std::optional<std::vector<std::string>> Reader::list(std::string_view name, std::size_t count_max,
                                                     std::size_t length_max) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_array() || value->size() > count_max) {
        refuse(name, "it must be a list of at most " + std::to_string(count_max) + " texts");
        return std::nullopt;
    }
    std::vector<std::string> out;
    for (const auto& item : *value) {
        if (!item.is_string() || item.get_ref<const std::string&>().size() > length_max) {
            refuse(name, "it must hold texts of at most " + std::to_string(length_max) + " bytes");
            return std::nullopt;
        }
        out.push_back(item.get<std::string>());
    }
    return out;
}

const Json* Reader::any(std::string_view name) {
    return member(name);
}

Result<void> Reader::done() const {
    if (error_) return std::unexpected(*error_);
    for (const auto& [key, item] : object_.items()) {
        if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
        return fail(Errc::invalid_argument,
                    "there is no such field; " + suggestion(key.substr(0, 64), known_),
                    path(to_utf8(key.substr(0, 64))));
    }
    return {};
}

}  // namespace muster::coordinator
