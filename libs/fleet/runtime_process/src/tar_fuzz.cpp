// Whatever bytes come as an archive, unpacking them ends, and writes nothing beside the folder.
#include <fcntl.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "muster/base/assert.hpp"
#include "tar.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fs = std::filesystem;
    using namespace muster::runtime_process;
    static const fs::path place = [] {
        char name[] = "/tmp/muster-tar-fuzz-XXXXXX";
        return fs::path(::mkdtemp(name));
    }();
    const UniqueFd archive(::memfd_create("tar", MFD_CLOEXEC));
    MUSTER_ASSERT(::write(archive.get(), data, size) == static_cast<ssize_t>(size));
    ::lseek(archive.get(), 0, SEEK_SET);
    fs::create_directory(place / "data");
    {
        const UniqueFd folder(::open((place / "data").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        static_cast<void>(unpack(archive.get(), folder.get(), {::getuid(), ::getgid()}));
    }
    MUSTER_ASSERT(std::distance(fs::directory_iterator(place), {}) == 1);
    fs::remove_all(place / "data");
    return 0;
}
