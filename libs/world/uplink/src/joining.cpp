#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "body.hpp"
#include "muster/base/random.hpp"
#include "muster/link/cluster_key.hpp"

namespace muster::uplink {
namespace {

constexpr milliseconds enrol_deadline{30'000};
// Without leases a spread world stands still: its server comes back as fast as can be.
constexpr milliseconds spread_pause_max{500};

}  // namespace

milliseconds boot_time() {
    std::timespec time{};
    static_cast<void>(::clock_gettime(CLOCK_BOOTTIME, &time));
    return std::chrono::duration_cast<milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                    std::chrono::nanoseconds(time.tv_nsec));
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "world";
    return name.data();
}

// Among several coordinators only one lets it in, and which one may change at any time.
asio::awaitable<void> Uplink::Body::move_on(const Error& why) {
    if (!round_.move_on()) co_return;
    co_await rest(pause_after(why));
    ++tries_;
}

milliseconds Uplink::Body::pause_after(const Error& why) {
    const milliseconds pause = link::reconnect_delay(tries_, random_below(1U << 30U));
    const bool is_refused = why.code == Errc::conflict || why.code == Errc::invalid_argument ||
                            why.code == Errc::exhausted;
    return options_.spread && !is_refused ? std::min(pause, spread_pause_max) : pause;
}

// Whether it is for good that there is no session.
void Uplink::Body::judge(const Error& why) {
    if (why.code == Errc::permission_denied) link::mark_refused(options_.folder);
    const bool is_refused =
        why.code == Errc::permission_denied || why.code == Errc::unauthenticated;
    if (!is_refused) return;
    unwelcome_ = "the coordinator refuses this world server: " + why.message +
                 ". To bring it back, " + how_to_join_again();
}

// A key that was made just now is one that the coordinator cannot have; it is asked all the same,
// for somebody may have put the file there a moment ago.
Result<link::Application> Uplink::Body::application(const std::filesystem::path& folder) {
    key_.reset();
    if (!options_.join_token.empty() || !has_key()) {
        return link::apply_for_membership(folder, options_.join_token, options_.name,
                                          options_.version);
    }
    auto found = link::read_or_make_cluster_key(options_.key_folder, options_.key_name);
    if (!found) return std::unexpected(found.error());
    if (found->is_new) {
        say(host::LogLevel::warning,
            "made the key " + options_.key_name + ": copy " +
                (options_.key_folder / options_.key_name).string() +
                " to `keys` of the coordinator's data folder (or there: muster worlds keys add " +
                options_.key_name + " --file " + options_.key_name + ")");
    }
    key_ = link::NamedKey{options_.key_name, std::move(found->key)};
    return link::apply_with_key(folder, options_.name, options_.version);
}

asio::awaitable<Result<link::wire::EnrollReply>> Uplink::Body::ask_to_enrol(
    link::Application application) {
    if (key_) {
        return link::WorldClient::enrol_with_key(executor_, coordinator(), *key_,
                                                 std::move(application.message), enrol_deadline);
    }
    return link::WorldClient::enrol(executor_, coordinator(),
                                    std::move(application.authority_digest),
                                    std::move(application.message), enrol_deadline);
}

Error Uplink::Body::enrol_refused(const Error& why) const {
    if (!key_) {
        return {why.code, "the coordinator refuses the join token: " + why.message, "join_token"};
    }
    return {why.code,
            "the coordinator at " + coordinator() + " does not let it in with the key " +
                key_->name + " (" + (options_.key_folder / key_->name).string() +
                "): " + why.message,
            "key_name"};
}

asio::awaitable<Result<link::Membership>> Uplink::Body::enrol(std::filesystem::path folder,
                                                              unsigned rounds_max) {
    auto applied = application(folder);
    if (!applied) co_return std::unexpected(applied.error());
    const std::size_t tries_max = rounds_max * options_.coordinators.size();
    for (std::size_t tries = 1; !stopped_; ++tries) {
        auto reply = co_await until_stopped(ask_to_enrol(*applied));
        if (reply) co_return link::take_membership(folder, kind, *applied, *reply);
        if (stopped_) break;
        const Error& why = reply.error();
        if (link::is_refusal(why.code)) co_return std::unexpected(enrol_refused(why));
        if (tries == tries_max) co_return std::unexpected(why);
        say(host::LogLevel::warning,
            "the coordinator at " + coordinator() + " cannot be joined yet: " + why.message);
        co_await move_on(why);
    }
    co_return fail(Errc::cancelled, "the world server was stopped before it had joined");
}

// With a join token, when the identity is no good any more. One that has expired keeps its key, and
// with it its id; a refused one becomes another. The named key brings back an expired one alone:
// whoever was sent away does not come back by itself.
asio::awaitable<void> Uplink::Body::join_again() {
    const bool refused = link::is_marked_refused(options_.folder);
    const auto ended = link::ended_at(member_.identity.certificate_pem, clock_.now());
    if (!refused && !ended) co_return;
    if (options_.join_token.empty() && (refused || !has_key())) co_return;
    const auto into = refused ? options_.folder.parent_path() / "identity.new" : options_.folder;
    std::error_code ignored;
    if (refused) std::filesystem::remove_all(into, ignored);
    auto fresh = co_await enrol(into, 1);
    if (fresh && refused) {
        if (auto put = link::replace_membership(options_.folder, into, {}); !put) {
            fresh = std::unexpected(put.error());
        }
    }
    if (!fresh) {
        say(host::LogLevel::error, "it could not join again: " + fresh.error().message);
        co_return;
    }
    member_ = std::move(*fresh);
    say(host::LogLevel::info, "it has joined again as " + member_.id);
}

}  // namespace muster::uplink
