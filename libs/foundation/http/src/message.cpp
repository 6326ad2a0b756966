#include "muster/http/message.hpp"

#include <algorithm>

namespace muster::http {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

void Fields::add(std::string name, std::string value) {
    all_.emplace_back(std::move(name), std::move(value));
}

void Fields::set(std::string name, std::string value) {
    remove(name);
    add(std::move(name), std::move(value));
}

void Fields::remove(std::string_view name) {
    std::erase_if(all_, [name](const auto& field) { return same_name(field.first, name); });
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
    const auto found = std::ranges::find_if(
        all_, [name](const auto& field) { return same_name(field.first, name); });
    if (found == all_.end()) return std::nullopt;
    return found->second;
}

std::vector<std::string_view> Fields::list(std::string_view name) const {
    std::vector<std::string_view> out;
    for (const auto& [key, value] : all_) {
        if (!same_name(key, name)) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const std::size_t comma = rest.find(',');
            std::string_view item = rest.substr(0, comma);
            rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
            while (!item.empty() && (item.front() == ' ' || item.front() == '\t'))
                item.remove_prefix(1);
            while (!item.empty() && (item.back() == ' ' || item.back() == '\t'))
                item.remove_suffix(1);
            if (!item.empty()) out.push_back(item);
        }
    }
    return out;
}

std::optional<std::string> Request::query_one(std::string_view name) const {
    const auto found = query.find(std::string(name));
    if (found == query.end()) return std::nullopt;
    return found->second;
}

}  // namespace muster::http
