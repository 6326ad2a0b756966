#pragma once

#include "link_testing.hpp"
#include "muster/link/world_link.hpp"

namespace muster::link::testing {

/// A coordinator with both doors, and world servers beside the nodes.
class WorldBed : public Bed {
  public:
    WorldBed() {
        worlds.enrol = [this](EnrolRequest asked) { return enrol_world(this, std::move(asked)); };
        worlds.renew = [this](std::string id, std::string der) {
            return renew_world(this, std::move(id), std::move(der));
        };
        worlds.admit = [this](const std::string& id, const std::string&) -> Result<void> {
            if (!refused.contains(id)) return {};
            return fail(Errc::permission_denied, "world server " + id + " was revoked");
        };
        worlds.session = [](std::shared_ptr<WorldSession> session) {
            return answer(std::move(session));
        };
    }
    void open_both() {
        auto opened = FleetServer::open(context.get_executor(), options, handlers, worlds);
        ASSERT_TRUE(opened) << opened.error().message;
        fleet = opened->get();
        server = std::move(*opened);
    }
    pki::Identity world_identity(const std::string& id) const {
        return identity(pki::Subject{std::string(world_prefix) + id, {}, {}}, pki::Usage::client);
    }
    std::unique_ptr<WorldClient> world_client(const pki::Identity& who) {
        return WorldClient::open(context.get_executor(), client_options(who)).value();
    }
    std::unique_ptr<WorldClient> world_client(const std::string& id) {
        return world_client(world_identity(id));
    }
    asio::awaitable<std::unique_ptr<WorldClient::Session>> world_session(WorldClient& client) {
        auto opened = co_await client.session(patience);
        if (!opened) throw std::runtime_error(opened.error().message);
        co_return std::move(*opened);
    }

    /// Answers each join answer with an offer of the same number.
    static asio::awaitable<void> answer(std::shared_ptr<WorldSession> session) {
        while (auto message = co_await session->receive()) {
            world_wire::ToWorld offer;
            offer.mutable_join_offer()->set_request_id(message->join_answer().request_id());
            offer.mutable_join_offer()->set_name(session->world_server_id());
            if (!session->send(std::move(offer))) break;
        }
    }
    static asio::awaitable<Result<wire::EnrollReply>> enrol_world(WorldBed* bed,
                                                                  EnrolRequest asked) {
        if (asked.message.join_token() != "good for a world") {
            co_return fail(Errc::unauthenticated, "the token is for a node", "join_token");
        }
        co_return bed->world_reply("world-1", asked.message.signing_request_der());
    }
    static asio::awaitable<Result<wire::EnrollReply>> renew_world(WorldBed* bed, std::string id,
                                                                  std::string der) {
        co_return bed->world_reply(id, der);
    }
    Result<wire::EnrollReply> world_reply(const std::string& id, const std::string& der) const {
        auto certificate = pki::issue_for_request(
            authority, der, pki::Subject{std::string(world_prefix) + id, {}, {}},
            pki::Usage::client, now(), 60min);
        if (!certificate) return std::unexpected(certificate.error());
        wire::EnrollReply reply;
        reply.set_node_id(id);
        reply.set_certificate_pem(std::move(*certificate));
        reply.set_ca_pem(authority.certificate_pem);
        return reply;
    }

    FleetServer::WorldHandlers worlds;
    FleetServer* fleet = nullptr;
};

}  // namespace muster::link::testing
