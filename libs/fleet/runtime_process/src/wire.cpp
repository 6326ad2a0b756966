#include "wire.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace muster::runtime_process {
namespace {

struct Address {
    UniqueFd folder;
    sockaddr_un name{};
};

Result<Address> address_in(const std::string& folder) {
    Address address;
    address.folder.reset(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder) return refused("cannot open " + folder, Errc::unavailable);
    address.name.sun_family = AF_UNIX;
    const std::string path = "/proc/self/fd/" + std::to_string(address.folder.get()) + "/control";
    path.copy(address.name.sun_path, sizeof address.name.sun_path - 1);
    return address;
}

const sockaddr* name_of(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address.name);
}

UniqueFd make_socket() {
    return UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

}  // namespace

std::string encode_error(const Error& error) {
    return std::string(muster::name_of(error.code)) + "\n" + error.field + "\n" + error.message;
}

Error decode_error(const std::string& text) {
    const auto first = text.find('\n');
    const auto second = first == std::string::npos ? first : text.find('\n', first + 1);
    if (second == std::string::npos) return {Errc::internal, text, ""};
    return {from_name(text.substr(0, first)), text.substr(second + 1),
            text.substr(first + 1, second - first - 1)};
}

Result<UniqueFd> listen_in(const std::string& folder) {
    auto address = address_in(folder);
    if (!address) return std::unexpected(address.error());
    UniqueFd fd = make_socket();
    ::unlink(address->name.sun_path);
    constexpr int waiting_max = 64;
    if (!fd || ::bind(fd.get(), name_of(*address), sizeof address->name) != 0 ||
        ::listen(fd.get(), waiting_max) != 0) {
        return refused("cannot listen in " + folder);
    }
    return fd;
}

Result<UniqueFd> connect_in(const std::string& folder) {
    auto address = address_in(folder);
    if (!address) return std::unexpected(address.error());
    UniqueFd fd = make_socket();
    if (!fd || ::connect(fd.get(), name_of(*address), sizeof address->name) != 0) {
        return refused("the supervisor does not answer", Errc::unavailable);
    }
    return fd;
}

}  // namespace muster::runtime_process
