#include "file.hpp"

#include <toml++/toml.h>

#include <charconv>
#include <optional>

#include "muster/base/encoding.hpp"

namespace muster::settings {
namespace {

constexpr std::size_t file_bytes_max = 1U << 20U;
constexpr std::size_t depth_max = 8;

std::optional<std::string> scalar_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
    if (const auto* number = node.as_floating_point()) {
        std::string text(64, '\0');
        const auto end = std::to_chars(text.data(), text.data() + text.size(), number->get()).ptr;
        text.resize(static_cast<std::size_t>(end - text.data()));
        return text;
    }
    return std::nullopt;
}

class Flattener {
  public:
    std::map<std::string, FileValue> values;

    Result<void> table(const toml::table& table, const std::string& path, std::size_t depth) {
        std::string joined;
        for (const auto& [key, node] : table) {
            const std::string name =
                path.empty() ? std::string(key.str()) : path + "." + std::string(key.str());
            if (const auto done = one(node, name, depth); !done) return done;
            if (const auto text = scalar_of(node))
                joined += (joined.empty() ? "" : ",") + std::string(key.str()) + "=" + *text;
        }
        if (!path.empty()) put(path, joined, table, true);
        return {};
    }

  private:
    Result<void> one(const toml::node& node, const std::string& name, std::size_t depth) {
        if (const auto text = scalar_of(node)) {
            put(name, *text, node, false);
            return {};
        }
        const auto* inner = node.as_table();
        if (inner != nullptr && depth < depth_max) return table(*inner, name, depth + 1);
        std::string joined;
        const auto* list = node.as_array();
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const auto text = scalar_of(*list->get(i));
            if (!text || text->find(',') != std::string::npos)
                list = nullptr;
            else
                joined += (i == 0 ? "" : ",") + *text;
        }
        if (list == nullptr)
            return fail(Errc::invalid_argument,
                        "line " + std::to_string(node.source().begin.line) + ": " +
                            to_utf8(name.substr(0, 128)) +
                            " must be a text, a number, true or false, or a list of them without "
                            "commas",
                        to_utf8(name.substr(0, 128)));
        put(name, joined, node, false);
        return {};
    }

    void put(const std::string& name, std::string text, const toml::node& node, bool is_table) {
        values[name] = {
            .text = std::move(text), .line = node.source().begin.line, .is_table = is_table};
    }
};

}  // namespace

Result<std::map<std::string, FileValue>> read_file_values(std::string_view text,
                                                          const std::string& file_name) {
    if (text.size() > file_bytes_max)
        return fail(Errc::too_large, file_name + " is larger than a mebibyte");
    try {
        Flattener flattener;
        const auto parsed = toml::parse(text);
        const auto done = flattener.table(parsed, "", 0);
        if (!done)
            return fail(done.error().code, file_name + " " + done.error().message,
                        done.error().field);
        return std::move(flattener.values);
    } catch (const toml::parse_error& error) {
        const auto line = std::to_string(error.source().begin.line);
        // What the parser says may quote the text, which may be a secret.
        return fail(Errc::invalid_argument, file_name + " line " + line + " is no TOML",
                    "line " + line);
    }
}

}  // namespace muster::settings
