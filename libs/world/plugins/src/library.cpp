#include "library.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "muster/base/encoding.hpp"

namespace muster::plugins {
namespace {

constexpr std::size_t name_bytes_max = 40;
/// The description as the first version of this ABI had it; what was added since may be missing.
constexpr std::size_t first_size = sizeof(muster_plugin);

std::unexpected<Error> refused(const std::filesystem::path& file, const std::string& why) {
    return fail(Errc::invalid_argument, file.string() + " " + why, "world.plugins");
}

bool is_name(std::string_view text) {
    const auto is_allowed = [](const char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, is_allowed);
}

Result<void> check_file(const std::filesystem::path& file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) return refused(file, "is not there");
    if (!S_ISREG(found.st_mode)) return refused(file, "is no file");
    // It would run with all that this process may do.
    if ((found.st_mode & S_IWOTH) != 0) {
        return refused(file, "may be written by everybody: `chmod o-w` it first");
    }
    return {};
}

Result<void> check_description(const std::filesystem::path& file, const muster_plugin* plugin) {
    if (plugin == nullptr) return refused(file, "describes nothing");
    if (plugin->abi != MUSTER_PLUGIN_ABI) {
        return refused(file, "is built for version " + std::to_string(plugin->abi) +
                                 " of the plugin ABI, and this server has version " +
                                 std::to_string(MUSTER_PLUGIN_ABI) +
                                 ": build it with the sdk/plugin that came with the server");
    }
    if (plugin->size < first_size || plugin->size > sizeof(muster_plugin)) {
        return refused(file, std::string("has a description of ") + std::to_string(plugin->size) +
                                 " bytes, and this server knows " +
                                 std::to_string(sizeof(muster_plugin)) +
                                 (plugin->size > sizeof(muster_plugin)
                                      ? ": it is built with a newer sdk/plugin than the server's"
                                      : ": it is no plugin of this ABI"));
    }
    if (plugin->name == nullptr || !is_name(plugin->name)) {
        return refused(file, "has a name that is not 1 to 40 of a-z, 0-9, _ and -");
    }
    if (plugin->version == nullptr || !is_utf8(plugin->version) ||
        std::strlen(plugin->version) > name_bytes_max) {
        return refused(file, "has a version that is no text of at most 40 bytes");
    }
    if (plugin->create == nullptr || plugin->destroy == nullptr) {
        return refused(file, "has no create or no destroy");
    }
    return {};
}

}  // namespace

Result<std::vector<std::filesystem::path>> find_files(const std::vector<std::string>& wanted) {
    std::vector<std::filesystem::path> out;
    for (const std::string& text : wanted) {
        const std::filesystem::path path = text;
        std::error_code error;
        if (!std::filesystem::is_directory(path, error)) {
            out.push_back(path);
            continue;
        }
        std::vector<std::filesystem::path> inside;
        for (auto entry = std::filesystem::directory_iterator(path, error);
             !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
            if (entry->path().extension() == ".so") inside.push_back(entry->path());
        }
        if (error) return refused(path, "cannot be read: " + error.message());
        if (inside.empty()) return refused(path, "holds no .so");
        std::ranges::sort(inside);
        out.insert(out.end(), inside.begin(), inside.end());
    }
    return out;
}

Result<Library> load_library(const std::filesystem::path& file) {
    if (auto checked = check_file(file); !checked) return std::unexpected(checked.error());
    std::error_code error;
    const auto whole = std::filesystem::canonical(file, error);
    if (error) return refused(file, "cannot be found: " + error.message());
    void* const handle = ::dlopen(whole.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
        const char* const why = ::dlerror();
        return refused(file, std::string("cannot be loaded: ") + (why ? why : "no reason given"));
    }
    using Describe = const muster_plugin* (*)();
    const auto describe = reinterpret_cast<Describe>(::dlsym(handle, "muster_plugin_describe"));
    if (describe == nullptr) {
        return refused(file, "is no plugin: it exports no muster_plugin_describe");
    }
    const muster_plugin* const plugin = describe();
    if (auto checked = check_description(file, plugin); !checked) {
        return std::unexpected(checked.error());
    }
    Library out{.name = plugin->name, .version = plugin->version, .file = whole, .calls = {}};
    std::memcpy(&out.calls, plugin, plugin->size);
    return out;
}

}  // namespace muster::plugins
