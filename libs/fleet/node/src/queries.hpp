#pragma once

#include "host.hpp"

namespace muster::node {

/// Answers one question; nothing of a server's life changes by it.
asio::awaitable<wire::Answer> answer(Host& host, wire::Query query);

}  // namespace muster::node
