#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <optional>

#include "muster/link/membership.hpp"
#include "muster/link/world_link.hpp"
#include "muster/uplink/uplink.hpp"

namespace muster::uplink {

using namespace std::chrono_literals;
namespace wire = link::world_wire;
using SessionPtr = std::shared_ptr<link::WorldSession>;

inline constexpr const char* secret = "a-secret-of-this-test";

/// A coordinator that a test plays, and a real world server with its uplink.
class UplinkTest : public testing::Test {
  protected:
    UplinkTest() {
        authority_ =
            pki::new_authority("Muster test authority", clock_.now(), std::chrono::days{10})
                .value();
        identity_.private_key_pem = pki::new_private_key().value();
        identity_.certificate_pem =
            pki::issue(authority_, identity_.private_key_pem,
                       pki::Subject{"test", {std::string(link::coordinator_name)}, {}},
                       pki::Usage::server, clock_.now(), 60min)
                .value();
        folder_ = std::filesystem::temp_directory_path() /
                  ("muster-uplink-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
        host::Options options;
        options.udp_host = "127.0.0.1";
        options.udp_port = 0;
        options.shards = 1;
        options.worlds.resize(1);
        options.worlds[0].name = "ffa";
        options.worlds[0].map = sim::classic_arena(7);
        options.worlds[0].rules.players_max = 10;
        worlds_ = host::WorldServer::open(std::move(options)).value();
    }
    ~UplinkTest() override {
        end();
        close();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    void open() { open(first_); }
    /// One of the coordinators of a fleet: they share the authority.
    struct Place {
        std::unique_ptr<link::FleetServer> server;
        std::uint16_t port = 0;
        bool stands_by = false;
        int refused = 0;
        [[nodiscard]] Result<void> admit() {
            if (!stands_by) return {};
            ++refused;
            return fail(Errc::unavailable, "another one leads");
        }
    };
    void open(Place& place) {
        link::Server::Options options;
        options.host = "127.0.0.1";
        options.port = place.port;
        options.identity = identity_;
        options.authority_pem = authority_.certificate_pem;
        link::Server::Handlers nodes;
        nodes.admit = [](const std::string&, const std::string&) -> Result<void> {
            return fail(Errc::permission_denied, "no nodes here");
        };
        link::FleetServer::WorldHandlers worlds;
        worlds.enrol = [this, &place](link::EnrolRequest asked) {
            return enrol(this, &place, std::move(asked));
        };
        worlds.challenge = [&place](const wire::ChallengeRequest&) -> Result<wire::ChallengeReply> {
            if (auto admitted = place.admit(); !admitted) {
                return std::unexpected(admitted.error());
            }
            wire::ChallengeReply out;
            out.set_challenge("a challenge");
            return out;
        };
        worlds.renew = [this](std::string id, std::string der) {
            return renew(this, std::move(id), std::move(der));
        };
        worlds.admit = [this, &place](const std::string& id, const std::string&) -> Result<void> {
            if (!revoked_) return place.admit();
            return fail(Errc::permission_denied, "world server " + id + " was revoked");
        };
        worlds.session = [this](SessionPtr session) { return listen(this, std::move(session)); };
        auto opened = link::FleetServer::open(context_.get_executor(), std::move(options),
                                              std::move(nodes), std::move(worlds));
        ASSERT_TRUE(opened) << opened.error().message;
        place.server = std::move(*opened);
        place.port = place.server->port();
    }
    void close(Place& place) {
        session_.reset();
        place.server.reset();
    }
    void close() {
        close(first_);
        close(second_);
    }
    void begin(const std::string& token_secret = secret) {
        Options options;
        options.folder = folder_ / "identity";
        for (const Place* place : {&first_, &second_}) {
            if (place->port == 0) continue;
            options.coordinators.push_back("127.0.0.1:" + std::to_string(place->port));
        }
        options.key_name = key_name_;
        options.key_folder = folder_ / "keys";
        options.join_token =
            token_secret.empty()
                ? std::string()
                : "mst1-" + pki::facts(authority_.certificate_pem)->digest_hex + "-" + token_secret;
        options.name = "attic";
        options.version = "0.1.0";
        options.log = [this](host::LogLevel, std::string_view text) {
            log_ += std::string(text) + "\n";
        };
        options.spread = spread_;
        how_.reset();
        uplink_ =
            std::make_unique<Uplink>(context_.get_executor(), std::move(options), *worlds_, clock_);
        asio::co_spawn(context_, uplink_->run(),
                       [this](std::exception_ptr, Result<void> how) { how_ = std::move(how); });
    }
    void end() {
        if (!uplink_) return;
        bool is_stopped = false;
        asio::co_spawn(context_, uplink_->stop(),
                       [&is_stopped](std::exception_ptr) { is_stopped = true; });
        until([&] { return is_stopped && how_.has_value(); });
        uplink_.reset();
    }
    void until(const std::function<bool()>& holds) {
        const auto limit = std::chrono::steady_clock::now() + 60s;
        while (!holds() && std::chrono::steady_clock::now() < limit) {
            context_.restart();
            context_.run_one_for(50ms);
        }
        ASSERT_TRUE(holds()) << log_;
    }
    /// The next message of that kind; earlier ones of others are thrown away.
    wire::FromWorld next(wire::FromWorld::MessageCase kind) {
        wire::FromWorld out;
        until([&] {
            while (!inbox_.empty() && out.message_case() != kind) {
                out = std::move(inbox_.front());
                inbox_.pop_front();
            }
            return out.message_case() == kind;
        });
        return out;
    }
    void welcome() {
        wire::ToWorld message;
        message.mutable_welcome()->set_load_seconds(1);
        ASSERT_TRUE(session_->send(std::move(message)));
    }
    void connect() {
        next(wire::FromWorld::kHello);
        welcome();
    }

    static asio::awaitable<Result<muster::node::v1::EnrollReply>> enrol(UplinkTest* self,
                                                                        Place* place,
                                                                        link::EnrolRequest asked) {
        if (auto admitted = place->admit(); !admitted) {
            co_return std::unexpected(admitted.error());
        }
        ++self->enrolments_;
        if (asked.message.has_key_proof()) co_return self->judge(asked.message);
        if (!asked.message.join_token().ends_with(secret)) {
            co_return fail(Errc::unauthenticated, "wrong, used or expired", "join_token");
        }
        co_return self->reply("world-" + std::to_string(self->enrolments_),
                              asked.message.signing_request_der());
    }
    static asio::awaitable<Result<muster::node::v1::EnrollReply>> renew(UplinkTest* self,
                                                                        std::string id,
                                                                        std::string der) {
        co_return self->reply(id, der);
    }
    Result<muster::node::v1::EnrollReply> judge(const link::wire::EnrollRequest& asked) {
        const auto& proof = asked.key_proof();
        const link::KeyTranscript said{proof.key_name(), proof.nonce(), proof.challenge(),
                                       pki::facts(authority_.certificate_pem)->digest_hex,
                                       pki::key_digest(asked.signing_request_der()).value()};
        if (!key_ || link::world_server_mac(*key_, said) != proof.mac()) {
            return fail(Errc::unauthenticated, "no such key", "key_name");
        }
        auto out = reply("world-" + std::to_string(enrolments_), asked.signing_request_der());
        if (out) {
            out->set_key_mac(
                link::coordinator_mac(*key_, said, out->node_id(), out->certificate_pem()));
        }
        return out;
    }
    Result<muster::node::v1::EnrollReply> reply(const std::string& id, const std::string& der) {
        auto certificate =
            pki::issue_for_request(authority_, der, pki::Subject{"world:" + id, {}, {}},
                                   pki::Usage::client, clock_.now(), 60min);
        if (!certificate) return std::unexpected(certificate.error());
        muster::node::v1::EnrollReply out;
        out.set_node_id(id);
        out.set_certificate_pem(std::move(*certificate));
        out.set_ca_pem(authority_.certificate_pem);
        return out;
    }
    static asio::awaitable<void> listen(UplinkTest* self, SessionPtr session) {
        self->session_ = session;
        self->ids_.push_back(session->world_server_id());
        while (auto message = co_await session->receive()) {
            self->inbox_.push_back(std::move(*message));
        }
        if (self->session_ == session) self->session_.reset();
    }

    SystemClock clock_;
    asio::io_context context_;
    pki::Identity authority_;
    pki::Identity identity_;
    std::filesystem::path folder_;
    std::unique_ptr<host::WorldServer> worlds_;
    Place first_;
    Place second_;
    std::string key_name_;
    std::optional<link::ClusterKey> key_;  ///< that the coordinators hold
    std::unique_ptr<Uplink> uplink_;
    std::optional<SpreadWorld> spread_;
    std::optional<Result<void>> how_;
    SessionPtr session_;
    std::deque<wire::FromWorld> inbox_;
    std::vector<std::string> ids_;
    std::string log_;
    int enrolments_ = 0;
    bool revoked_ = false;
};

}  // namespace muster::uplink
