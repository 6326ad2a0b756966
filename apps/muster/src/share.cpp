#include "share.hpp"

#include <system_error>

namespace muster {

std::filesystem::path share_folder(std::string_view name) {
    std::error_code error;
    const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return {};
    const auto bin = executable.parent_path();
    const auto installed = bin.parent_path() / "share" / "muster" / name;
    if (std::filesystem::is_directory(installed, error)) return installed;
    // build/<preset>/bin/muster: the tree is three folders up; the page is built into web/dist.
    const auto tree = bin.parent_path().parent_path().parent_path();
    const auto built = name == "web" ? tree / "web" / "dist" : tree / name;
    if (std::filesystem::is_regular_file(tree / "CMakePresets.json", error) &&
        std::filesystem::is_directory(built, error)) {
        return built;
    }
    return {};
}

Result<std::filesystem::path> web_folder(const settings::Settings& given) {
    const std::filesystem::path folder = given.text("web.folder");
    if (folder.empty()) return share_folder("web");
    std::error_code error;
    const auto refused = [&](const char* reason) {
        return fail(Errc::invalid_argument,
                    given.source("web.folder") + ": " + folder.string() + " " + reason,
                    "web.folder");
    };
    if (!std::filesystem::is_directory(folder, error)) return refused("is no folder");
    if (!std::filesystem::is_regular_file(folder / "index.html", error))
        return refused("has no index.html: it must be the folder of built pages");
    return folder;
}

}  // namespace muster
