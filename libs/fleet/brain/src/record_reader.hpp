#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/error.hpp"
#include "muster/base/time.hpp"

namespace muster::brain {

/// Reads the members of a JSON object. What is missing or null leaves the value as it is; the first
/// member that is wrong is kept as the error, with its dotted path.
class RecordReader {
  public:
    RecordReader(const nlohmann::json& object, std::string path, std::optional<Error>& error)
        : object_(object), path_(std::move(path)), error_(error) {
        if (!object.is_object()) {
            wrong("", "must be an object");
        }
    }

    void text(const char* name, std::string& value) {
        if (const auto* found = find(name)) {
            found->is_string() ? void(value = found->get<std::string>())
                               : wrong(name, "must be a text");
        }
    }
    void flag(const char* name, bool& value) {
        if (const auto* found = find(name)) {
            found->is_boolean() ? void(value = found->get<bool>())
                                : wrong(name, "must be true or false");
        }
    }
    template <std::integral Number>
    void number(const char* name, Number& value,
                Number least = std::numeric_limits<Number>::min()) {
        const auto* found = find(name);
        if (found == nullptr) {
            return;
        }
        if (found->is_number_unsigned() && std::in_range<Number>(found->get<std::uint64_t>())) {
            value = static_cast<Number>(found->get<std::uint64_t>());
        } else if (found->is_number_integer() && !found->is_number_unsigned() &&
                   std::in_range<Number>(found->get<std::int64_t>())) {
            value = static_cast<Number>(found->get<std::int64_t>());
        } else {
            wrong(name, "must be a whole number in its range");
            return;
        }
        if (value < least) {
            wrong(name, "must be " + std::to_string(least) + " or more");
        }
    }
    void numbers(const char* name, std::vector<std::uint16_t>& values) {
        const auto* found = find(name);
        if (found == nullptr) {
            return;
        }
        if (!found->is_array()) {
            wrong(name, "must be a list");
            return;
        }
        values.clear();
        for (const auto& one : *found) {
            if (!one.is_number_unsigned() ||
                !std::in_range<std::uint16_t>(one.get<std::uint64_t>())) {
                wrong(name, "must hold whole numbers from 0 to 65535");
                return;
            }
            values.push_back(static_cast<std::uint16_t>(one.get<std::uint64_t>()));
        }
    }
    void real(const char* name, double& value) {
        if (const auto* found = find(name)) {
            found->is_number() && std::isfinite(found->get<double>())
                ? void(value = found->get<double>())
                : wrong(name, "must be a number");
        }
    }
    void time(const char* name, Timestamp& value) {
        std::int64_t count = value.time_since_epoch().count();
        number(name, count);
        value = Timestamp(milliseconds(count));
    }
    void time(const char* name, std::optional<Timestamp>& value) {
        if (find(name) != nullptr) {
            time(name, value.emplace());
        }
    }
    void labels(const char* name, std::map<std::string, std::string>& value) {
        const auto* found = find(name);
        if (found == nullptr) {
            return;
        }
        if (!found->is_object()) {
            wrong(name, "must be an object");
            return;
        }
        for (const auto& [key, text] : found->items()) {
            if (!text.is_string()) {
                wrong(name, "must hold texts");
                return;
            }
            value[key] = text.get<std::string>();
        }
    }
    /// A name out of those of an enumeration.
    template <typename Enum>
    void word(const char* name, Enum& value, Enum last, std::string_view (*name_of_value)(Enum)) {
        const auto* found = find(name);
        if (found == nullptr) {
            return;
        }
        if (found->is_string()) {
            for (int index = 0; index <= static_cast<int>(last); ++index) {
                if (name_of_value(static_cast<Enum>(index)) ==
                    found->get_ref<const std::string&>()) {
                    value = static_cast<Enum>(index);
                    return;
                }
            }
        }
        wrong(name, "must be one of the known words");
    }
    template <typename Read>
    void object(const char* name, Read read) {
        if (const auto* found = find(name)) {
            read(RecordReader(*found, path_of(name), error_));
        }
    }
    template <typename Read>
    void list(const char* name, Read read) {
        const auto* found = find(name);
        if (found == nullptr) {
            return;
        }
        if (!found->is_array()) {
            wrong(name, "must be a list");
            return;
        }
        for (std::size_t index = 0; index < found->size(); ++index) {
            read(
                RecordReader((*found)[index], path_of(name) + "." + std::to_string(index), error_));
        }
    }
    void wrong(const char* name, std::string message) {
        if (!error_) {
            error_ = Error{Errc::invalid_argument, std::move(message), path_of(name)};
        }
    }

  private:
    [[nodiscard]] std::string path_of(const char* name) const {
        const std::string_view last(name);
        return last.empty() || path_.empty() ? path_ + name : path_ + "." + name;
    }
    [[nodiscard]] const nlohmann::json* find(const char* name) const {
        if (!object_.is_object()) {
            return nullptr;
        }
        const auto found = object_.find(name);
        return found == object_.end() || found->is_null() ? nullptr : &*found;
    }

    const nlohmann::json& object_;
    std::string path_;
    std::optional<Error>& error_;
};

}  // namespace muster::brain
