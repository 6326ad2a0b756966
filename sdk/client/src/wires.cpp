#include "wires.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstring>

namespace muster::sdk {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

constexpr int socket_buffer_bytes = 256 << 10;
constexpr int reads_a_turn = 32;

udp::endpoint endpoint_of(const rtc::Address& address) {
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), address.ip.data(), bytes.size());
    const asio::ip::address_v6 v6(bytes);
    if (v6.is_v4_mapped())
        return {asio::ip::make_address_v4(asio::ip::v4_mapped, v6), address.port};
    return {v6, address.port};
}

}  // namespace

struct Wires::Wire {
    Wire(asio::io_context& context, std::size_t own_index) : socket(context), index(own_index) {}
    udp::socket socket;
    std::size_t index;
    bool closed = false;
    std::array<std::byte, 2'048> buffer{};
};

Wires::Wires(asio::io_context& context, Hear hear) : context_(context), hear_(std::move(hear)) {}

Wires::~Wires() {
    for (std::size_t i = 0; i < wires_.size(); ++i) close(i);
}

void Wires::send(std::size_t index, const rtc::Address& to, std::span<const std::byte> datagram) {
    auto& wire = wires_[index];
    boost::system::error_code error;
    if (!wire) {
        auto opened = std::make_shared<Wire>(context_, index);
        const auto endpoint = endpoint_of(to);
        opened->socket.open(endpoint.protocol(), error);
        if (error) return;
        opened->socket.set_option(asio::socket_base::receive_buffer_size(socket_buffer_bytes),
                                  error);
        opened->socket.non_blocking(true, error);
        opened->socket.connect(endpoint, error);
        if (error) return;
        wire = std::move(opened);
        listen(wire);
    }
    wire->socket.send(asio::buffer(datagram.data(), datagram.size()), 0, error);
    if (error) return;
    ++counts_.datagrams_out;
    counts_.bytes_out += datagram.size();
}

void Wires::close(std::size_t index) {
    if (!wires_[index]) return;
    boost::system::error_code error;
    wires_[index]->closed = true;
    wires_[index]->socket.close(error);
    wires_[index].reset();
}

// `wire` is closed before this is gone, and then nothing of it is touched.
void Wires::listen(const std::shared_ptr<Wire>& wire) {
    wire->socket.async_wait(udp::socket::wait_read, [this, wire](boost::system::error_code error) {
        for (int reads = 0; reads < reads_a_turn && !wire->closed; ++reads) {
            const auto size = wire->socket.receive(asio::buffer(wire->buffer), 0, error);
            if (error == asio::error::would_block) break;
            // A port that nobody listens on, told by ICMP, is as good as silence.
            if (!error) hear(*wire, size);
        }
        if (!wire->closed) listen(wire);
    });
}

void Wires::hear(Wire& wire, std::size_t size) {
    ++counts_.datagrams_in;
    counts_.bytes_in += size;
    hear_(wire.index, std::span(wire.buffer).first(size));
}

}  // namespace muster::sdk
