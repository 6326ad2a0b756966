// Tickets and key sets come by whatever lies between a game and its coordinator.
#include <cstdint>
#include <string>

#include "muster/client/tickets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto keys = muster::client::read_ticket_keys(text);
    const auto cut = text.find('\n');
    const auto ticket = text.substr(0, cut);
    const auto sdp = cut == std::string::npos ? std::string{} : text.substr(cut + 1);
    (void)muster::client::key_of_ticket(ticket);
    (void)muster::client::renewed_ticket(ticket, "token");
    const muster::client::TicketKeys one{{"k", std::string(32, 'k')}};
    (void)muster::client::check_ticket(ticket, sdp, "arena", one, 0);
    return 0;
}
