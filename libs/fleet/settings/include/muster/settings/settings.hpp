#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/error.hpp"

/// What a role of Muster is told by flags, environment, muster.toml and defaults, in this order.
/// Pure: the caller reads the file and the environment. docs/settings.md is made of the table.
namespace muster::settings {

enum class Role : unsigned { up = 1, coordinator = 2, node = 4, world = 8 };

enum class Type {
    text,
    number,     ///< whole
    duration,   ///< "500ms", "10s", "5m", "2h", "1d", or a number of seconds
    bytes,      ///< "512 MiB", "4 GB", or a number of bytes
    address,    ///< "host:port", ":port", "port", "host", "[::1]:port"; what is left out is default
    addresses,  ///< one address or several with commas between, at most `addresses_max`
    boolean,    ///< true/false, yes/no, on/off, 1/0
    list,       ///< "a,b", or a list in the file; key=value pairs may be a table there
    secret,     ///< as text, never shown
    port_range,  ///< "20000-29999"
    areas,       ///< "0,0,2000,3000;...": left, top, right and bottom of rectangles, `areas_max`
};

/// A name that another system documents for the same thing. Its value may be a part of ours.
struct Alias {
    enum class Part { whole, host, port };
    std::string_view name;  ///< of the environment, or dotted in the file
    Part part = Part::whole;
    /// Of Role, or-ed: to whom it means this entry. 0: to all.
    unsigned roles = 0;
    [[nodiscard]] bool is_for(Role role) const {
        return roles == 0 || (roles & static_cast<unsigned>(role)) != 0;
    }
};

struct Entry {
    std::string_view name;         ///< dotted, as in the file: "http.address"
    std::string_view flag;         ///< "--http"
    std::string_view environment;  ///< "MUSTER_HTTP"
    Type type = Type::text;
    std::string_view preset;             ///< the default, as text
    std::string_view preset_of_up = {};  ///< of `muster up`, where it is another
    unsigned roles = 0;                  ///< of Role, or-ed: who reads it
    std::string_view description;
    std::vector<std::string_view> choices = {};
    std::vector<Alias> environment_aliases = {};
    std::vector<Alias> file_aliases = {};
    std::int64_t min = 0;        ///< of number, duration (ms) and bytes
    std::int64_t max = 0;        ///< 0: as it comes
    bool may_be_in_file = true;  ///< `config` cannot
    [[nodiscard]] bool is_for(Role role) const {
        return (roles & static_cast<unsigned>(role)) != 0;
    }
};

inline constexpr std::size_t addresses_max = 16;
inline constexpr std::size_t areas_max = 16;

/// All of them, in the order of the documentation.
[[nodiscard]] std::span<const Entry> table();

struct Address {
    std::string host;
    std::uint16_t port = 0;  ///< 0 asks the system for one
    bool operator==(const Address&) const = default;
};
/// "host:port" with brackets around IPv6.
[[nodiscard]] std::string to_text(const Address& address);

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    bool operator==(const PortRange&) const = default;
};

/// A rectangle of a world in whole units of its map; right and bottom do not belong to it.
struct Area {
    std::int32_t left = 0;
    std::int32_t top = 0;
    std::int32_t right = 0;
    std::int32_t bottom = 0;
    bool operator==(const Area&) const = default;
};

struct Input {
    Role role = Role::up;
    /// As given on the command line, by flag: {"--http", "0.0.0.0:8080"}. A boolean flag without a
    /// value is "true"; of a list given more than once, the texts with commas between them.
    std::map<std::string, std::string> flags = {};
    std::map<std::string, std::string> environment = {};
    std::string file = {};                  ///< the content; empty when there is none
    std::string file_name = "muster.toml";  ///< for errors
    bool is_root = false;                   ///< decides the default of data_dir
};

class Settings {
  public:
    // The getters take names of the table of the right type; another one is a bug.
    [[nodiscard]] const std::string& text(std::string_view name) const;  ///< text and secret
    [[nodiscard]] std::int64_t number(std::string_view name) const;      ///< number and bytes
    [[nodiscard]] std::chrono::milliseconds duration(std::string_view name) const;
    [[nodiscard]] Address address(std::string_view name) const;
    [[nodiscard]] std::vector<Address> addresses(std::string_view name) const;  ///< one at least
    [[nodiscard]] bool boolean(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
    /// Of a list of "key=value".
    [[nodiscard]] std::map<std::string, std::string> pairs(std::string_view name) const;
    [[nodiscard]] PortRange port_range(std::string_view name) const;
    [[nodiscard]] std::vector<Area> areas(std::string_view name) const;
    /// What [plugin.NAME] of the file says, by plugin and key: they alone know what it means. A
    /// list is a text with commas.
    using PluginTables =
        std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>>;
    [[nodiscard]] const PluginTables& plugins() const { return plugins_; }
    [[nodiscard]] bool is_given(std::string_view name) const;  ///< not by default

    /// Where it came from: "default", "--http", "MUSTER_HTTP", "muster.toml line 3".
    [[nodiscard]] const std::string& source(std::string_view name) const;
    /// Things to tell the operator once: names that are understood but have no effect.
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  private:
    friend class Loader;
    struct Value {
        std::string text;  ///< canonical
        std::string source;
    };
    [[nodiscard]] const Value& at(std::string_view name) const;
    std::map<std::string, Value, std::less<>> values_;
    std::vector<std::string> notes_;
    PluginTables plugins_;
};

/// Everything, checked. Errors are invalid_argument, begin with where the value came from, have the
/// setting's name as field, and tell no secret. Unknown keys of the file, flags, and MUSTER_* names
/// of the environment are errors that name the nearest known one (MUSTER_TEST_*, MUSTER_URL and
/// MUSTER_TOKEN belong to others). A setting of another role is refused as a flag, and ignored in
/// the file and the environment, which roles share.
[[nodiscard]] Result<Settings> load(const Input& input);

/// Which files to look for, in this order: the one that --config or MUSTER_CONFIG names, which must
/// then be there (second is true), or else DATA_DIR/muster.toml and /etc/muster/muster.toml.
[[nodiscard]] std::pair<std::vector<std::string>, bool> config_files(const Input& input);

/// The table for docs/settings.md: Markdown, one section a group.
[[nodiscard]] std::string describe();

}  // namespace muster::settings
