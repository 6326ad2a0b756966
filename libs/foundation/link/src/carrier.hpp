#pragma once

#include "muster/link/link.hpp"
#include "stream.hpp"

namespace muster::link {

using PieceStream = Stream<wire::Piece, wire::Piece>;

/// A carrier over either end's stream. `first` is delivered before what the stream brings;
/// `stream_id` names the stream in our own first piece, on the node.
[[nodiscard]] std::unique_ptr<Carrier> make_carrier(std::shared_ptr<PieceStream> stream,
                                                    std::optional<wire::Piece> first);

}  // namespace muster::link
