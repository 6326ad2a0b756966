#include "watch.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

#include "muster/base/encoding.hpp"

namespace muster::load {
namespace {

using namespace std::chrono_literals;

constexpr auto ask_every = 500ms;
constexpr std::size_t waiting_max = 8;
constexpr std::size_t past_max = 4;
constexpr float view_margin = 8;  // units: the view breathes by a sixty-fourth with what is in it
// Snapshots do not come every tick.
constexpr sim::Tick age_slack = 4;

}  // namespace

Watch::Watch(Options options, Measured& measured)
    : options_(std::move(options)), measured_(measured) {}

http::asio::awaitable<void> Watch::ask(http::asio::io_context& context, http::Client& client,
                                       std::function<Instant()> now, const bool& measuring) {
    http::asio::steady_timer timer(context);
    for (;;) {
        timer.expires_after(ask_every);
        co_await timer.async_wait(http::asio::use_awaitable);
        if (!measuring) continue;
        http::ClientRequest request;
        request.target = "/api/v1/worlds/" + options_.world + "/witness";
        auto response = co_await client.send(std::move(request), 2s);
        auto truth =
            response ? read_truth(*response) : Result<Truth>(std::unexpected(response.error()));
        if (!truth || waiting_.size() >= waiting_max) {
            ++measured_.witnesses_failed;
            continue;
        }
        ++measured_.witnesses;
        Answer answer{std::move(*truth), now()};
        waiting_.push_back(std::move(answer));
    }
}

const Truth* Watch::before(sim::Tick tick) const {
    for (auto it = past_.rbegin(); it != past_.rend(); ++it) {
        if (it->tick() + options_.age_max + age_slack <= tick) return &*it;
    }
    return nullptr;
}

void Watch::examine(std::span<const Player* const> players, std::size_t at_most, Instant now) {
    if (!present_) {
        if (waiting_.empty() || waiting_.front().at + options_.settle > now) return;
        present_ = std::move(waiting_.front().truth);
        waiting_.pop_front();
        next_player_ = 0;
    }
    const Truth* earlier = before(present_->tick());
    for (; next_player_ < players.size() && at_most > 0; ++next_player_, --at_most) {
        const Player* player = players[next_player_];
        // Ticks are each server's own, and the witness is the first one's.
        if (player == nullptr || !player->is_at_first_server() || player->step() <= 0) continue;
        if (!examiner_) {
            Examiner::Options options;
            options.view_steps =
                static_cast<std::int64_t>((player->view() - view_margin) / player->step());
            options.age_max = options_.age_max + age_slack;
            examiner_.emplace(options, measured_.verdict, measured_.seen_age);
        }
        const bool was_there = earlier != nullptr && player->first_tick() < earlier->tick();
        examiner_->examine(player->memory(), player->id(), was_there ? earlier : nullptr,
                           *present_);
    }
    if (next_player_ < players.size()) return;
    past_.push_back(std::move(*present_));
    present_.reset();
    if (past_.size() > past_max) past_.pop_front();
}

Result<Truth> read_truth(const http::Response& response) {
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (response.status != 200 || !body.is_object() || !body.contains("tick") ||
        !body["tick"].is_number_unsigned() || !body.contains("entities") ||
        !body["entities"].is_string()) {
        return fail(Errc::unavailable, "the server shows no truth");
    }
    const auto bytes = from_base64(body["entities"].get_ref<const std::string&>());
    if (!bytes || bytes->size() % sizeof(EntityRecord) != 0) {
        return fail(Errc::invalid_argument, "the truth is no list of records", "entities");
    }
    std::vector<EntityRecord> records(bytes->size() / sizeof(EntityRecord));
    if (!records.empty()) std::memcpy(records.data(), bytes->data(), bytes->size());
    return Truth(body["tick"].get<sim::Tick>(), std::move(records));
}

}  // namespace muster::load
