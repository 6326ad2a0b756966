#include "fields.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "muster/base/encoding.hpp"
#include "muster/base/text.hpp"

namespace muster::games {
namespace {

using nlohmann::json;

constexpr std::size_t path_bytes_max = 512;

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

Result<json> json_of(const toml::node& node, const std::string& path) {
    if (const auto* table = node.as_table()) {
        json object = json::object();
        for (const auto& [key, value] : *table) {
            const std::string name(key.str());
            auto converted = json_of(value, path.empty() ? name : path + "." + name);
            if (!converted) return converted;
            object[name] = std::move(*converted);
        }
        return object;
    }
    if (const auto* array = node.as_array()) {
        json list = json::array();
        for (const auto& value : *array) {
            auto converted = json_of(value, path + "." + std::to_string(list.size()));
            if (!converted) return converted;
            list.push_back(std::move(*converted));
        }
        return list;
    }
    if (const auto* text = node.as_string()) return json(text->get());
    if (const auto* number = node.as_integer()) return json(number->get());
    if (const auto* flag = node.as_boolean()) return json(flag->get());
    if (const auto* number = node.as_floating_point(); number && std::isfinite(number->get()))
        return json(number->get());
    return fail(Errc::invalid_argument, "must be a text, number, boolean, list or table", path);
}

}  // namespace

void Problem::say(std::string field, std::string message) {
    if (error_) return;
    const std::string subject = field.empty() ? "it" : field;
    error_ = Error{Errc::invalid_argument, subject + " " + message, std::move(field)};
}

Fields::Fields(const json& object, std::string path, Problem& problem)
    : object_(object), path_(std::move(path)), problem_(problem) {
    if (!object_.is_object()) problem_.say(path_, "must be a table");
}

std::string Fields::path(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void Fields::say(std::string_view key, std::string message) {
    problem_.say(path(key), std::move(message));
}

bool Fields::has(std::string_view key) const {
    return object_.is_object() && object_.contains(std::string(key));
}

const json* Fields::any(std::string_view key) {
    known_.emplace_back(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(std::string(key));
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string Fields::text(std::string_view key, std::size_t bytes_max, std::string fallback) {
    const auto* value = any(key);
    if (value == nullptr) return fallback;
    if (!value->is_string()) {
        say(key, "must be a text");
        return fallback;
    }
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > bytes_max)
        say(key, "has more than " + std::to_string(bytes_max) + " bytes");
    else if (!is_utf8(text) || text.find('\0') != std::string::npos)
        say(key, "must be UTF-8 without zero bytes");
    return text;
}

bool Fields::boolean(std::string_view key, bool fallback) {
    const auto* value = any(key);
    if (value == nullptr) return fallback;
    if (value->is_boolean()) return value->get<bool>();
    say(key, "must be true or false");
    return fallback;
}

std::int64_t Fields::integer(std::string_view key, Range allowed, std::int64_t fallback) {
    const auto* value = any(key);
    if (value == nullptr) return fallback;
    // As a double first: an unsigned number of JSON may not fit, and a range check must come first.
    if (!value->is_number_integer() || value->get<double>() < allowed.min ||
        value->get<double>() > allowed.max) {
        std::ostringstream range;
        range << std::fixed;
        range.precision(0);
        range << "must be a whole number from " << allowed.min << " to " << allowed.max;
        say(key, range.str());
        return fallback;
    }
    return value->get<std::int64_t>();
}

std::optional<double> Fields::number(std::string_view key) {
    const auto* value = any(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number() || !std::isfinite(value->get<double>())) {
        say(key, "must be a number");
        return std::nullopt;
    }
    return value->get<double>();
}

std::vector<std::string> Fields::texts(std::string_view key, std::size_t count_max,
                                       std::size_t bytes_max) {
    std::vector<std::string> texts;
    const auto* value = any(key);
    if (value == nullptr) return texts;
    if (!value->is_array() || value->size() > count_max) {
        say(key, "must be a list of at most " + std::to_string(count_max) + " texts");
        return texts;
    }
    for (const auto& item : *value) {
        const auto text = scalar_text(item);
        if (!text || text->size() > bytes_max || !is_utf8(*text) ||
            text->find('\0') != std::string::npos)
            problem_.say(path(key) + "." + std::to_string(texts.size()),
                         "must be a text of at most " + std::to_string(bytes_max) + " bytes");
        texts.push_back(text.value_or(""));
    }
    return texts;
}

std::optional<std::string> Fields::scalar(std::string_view key, std::size_t bytes_max) {
    const auto* value = any(key);
    if (value == nullptr) return std::nullopt;
    auto text = scalar_text(*value);
    if (!text || text->size() > bytes_max || !is_utf8(*text) ||
        text->find('\0') != std::string::npos) {
        say(key, "must be a text of at most " + std::to_string(bytes_max) +
                     " bytes, a number or a boolean");
        return std::nullopt;
    }
    return text;
}

const json* Fields::array(std::string_view key, std::size_t count_max) {
    const auto* value = any(key);
    if (value == nullptr) return nullptr;
    if (value->is_array() && value->size() <= count_max) return value;
    say(key, "must be a list of at most " + std::to_string(count_max) + " tables");
    return nullptr;
}

const json* Fields::object(std::string_view key) {
    const auto* value = any(key);
    if (value == nullptr || value->is_object()) return value;
    say(key, "must be a table");
    return nullptr;
}

void Fields::close() {
    if (!object_.is_object()) return;
    for (const auto& [key, value] : object_.items()) {
        if (std::ranges::find(known_, key) != known_.end()) continue;
        say(to_utf8(key.substr(0, path_bytes_max)), "is not known; " + suggestion(key, known_));
    }
}

Result<json> json_of_toml(std::string_view text) {
    try {
        return json_of(toml::parse(text), "");
    } catch (const toml::parse_error& error) {
        const auto line = std::to_string(error.source().begin.line);
        return fail(Errc::invalid_argument,
                    "is no TOML: line " + line + ": " + to_utf8(error.description()),
                    "line " + line);
    }
}

std::optional<std::string> scalar_text(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    return std::nullopt;
}

bool is_environment_name(std::string_view name) {
    constexpr std::size_t name_bytes_max = 128;
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && name.size() <= name_bytes_max && is_letter(name.front()) &&
           std::ranges::all_of(name,
                               [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_inside_path(std::string_view path) {
    if (path.empty() || path.size() > path_bytes_max || has_control(path) || !is_utf8(path))
        return false;
    while (true) {
        const auto end = path.find('/');
        const auto part = path.substr(0, end);
        if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
        if (end == std::string_view::npos) return true;
        path.remove_prefix(end + 1);
    }
}

}  // namespace muster::games
