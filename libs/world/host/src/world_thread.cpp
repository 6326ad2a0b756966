#include "world_thread.hpp"

#include <algorithm>
#include <utility>

#include "worker.hpp"

namespace muster::host {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::nanoseconds step_period{1'000'000'000 / sim::tick_rate};
constexpr sim::Tick ends_within = 6;
constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

Result<std::unique_ptr<WorldThread>> WorldThread::open(Shared& shared, WorldDoor& door,
                                                       WorldOptions options) {
    std::unique_ptr<RecordingFile> file;
    if (!options.recording_file.empty()) {
        auto opened = RecordingFile::open(options.recording_file);
        if (!opened) return std::unexpected(opened.error());
        file = std::move(*opened);
    }
    std::unique_ptr<WorldThread> thread(
        new WorldThread(shared, door, std::move(options), std::move(file)));
    if (auto opened = thread->extension_.open(); !opened) return std::unexpected(opened.error());
    if (thread->spread_) {
        if (auto started = thread->spread_->start(); !started)
            return std::unexpected(started.error());
    }
    return thread;
}

WorldThread::WorldThread(Shared& shared, WorldDoor& door, WorldOptions options,
                         std::unique_ptr<RecordingFile> file)
    : shared_(shared),
      door_(door),
      options_(std::move(options)),
      map_name_(options_.map.name),
      world_(options_.map, options_.rules, options_.seed),
      bots_(world_, options_.bots, options_.seed),
      frames_(world_, {}, door.links.size()),
      file_(std::move(file)),
      post_(shared, door),
      extension_(shared, door, world_, post_, options_.extension),
      people_(shared, door, world_, bots_, post_, extension_,
              options_.chat_near > 0 ? options_.chat_near : replication::FrameOptions{}.view / 2),
      steps_(sim::tick_rate / shared.options.tick_rate) {
    if (file_) {
        recorder_.emplace(options_.map, options_.rules, options_.seed,
                          options_.recording_bytes_max);
        world_.record_to(&*recorder_);
    }
    if (options_.spread) {
        spread_ = std::make_unique<SpreadWorld>(
            SpreadWorld::Around{
                .shared = shared,
                .door = door,
                .world = world_,
                .bots = bots_,
                .post = post_,
                .people = people_,
                // Without it the guest is not answered, which patience is for.
                .answer = [this](GuestAnswerCommand answer) { (void)post(std::move(answer)); }},
            *options_.spread, options_.bots.wanted);
    }
    frames_.publish(world_);
    door_.frames = &frames_;
}

WorldThread::~WorldThread() {
    stop();
}

Result<void> WorldThread::start(std::optional<unsigned> core) {
    auto thread = start_thread("world-" + door_.name, core, [this] { run(); });
    if (!thread) return std::unexpected(thread.error());
    thread_ = std::move(*thread);
    return {};
}

void WorldThread::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wanted_.notify_one();
    if (thread_.joinable()) thread_.join();
    extension_.close();
    for (Command& command : commands_) {
        if (auto* join = std::get_if<JoinCommand>(&command)) {
            shared_.admission.release(join->request.remote_address, false);
            join->answer(fail(Errc::unavailable, "the server is stopping"));
        }
        if (auto* kick = std::get_if<KickCommand>(&command))
            kick->then(fail(Errc::unavailable, "the server is stopping"));
        if (auto* people = std::get_if<PeopleCommand>(&command))
            people->then(fail(Errc::unavailable, "the server is stopping"));
    }
    commands_.clear();
    if (file_) record();
}

Result<void> WorldThread::post(Command command) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return fail(Errc::unavailable, "the server is stopping");
        if (commands_.size() >= commands_max) {
            return fail(Errc::unavailable, "the server is too busy");
        }
        commands_.push_back(std::move(command));
        has_commands_.store(true, relaxed);
    }
    if (asleep_.load()) wanted_.notify_one();
    return {};
}

// Ticks at fixed times. After a stall a few ticks are made up for at once; what is more is skipped,
// for a burst would only make the next ones late, too.
void WorldThread::run() {
    const std::chrono::nanoseconds period = steps_ * step_period;
    Clock::time_point due = Clock::now();
    empty_since_ = due;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (wanted_.wait_until(lock, due, [this] { return stopping_; })) return;
        }
        const Clock::time_point start = Clock::now();
        const auto behind = static_cast<std::uint64_t>((start - due) / period);
        if (behind > 0) late_.fetch_add(1, relaxed);
        load_.ticks(1, behind > 0 ? 1 : 0);
        if (behind > late_ticks_max) {
            skipped_.fetch_add(behind - late_ticks_max, relaxed);
            due += static_cast<std::int64_t>(behind - late_ticks_max) * period;
        }
        tick();
        due += period;
        if (people_.count() > 0) empty_since_ = start;
        if (options_.sleep_after.count() > 0 && !spread_ &&
            start - empty_since_ >= options_.sleep_after && witnesses_.empty()) {
            sleep_until_wanted();
            empty_since_ = due = Clock::now();
        }
    }
}

void WorldThread::sleep_until_wanted() {
    std::unique_lock lock(mutex_);
    asleep_.store(true);
    wanted_.wait(lock, [this] { return stopping_ || !commands_.empty(); });
    asleep_.store(false);
    ended_at_.store(shared_.now().count());
}

void WorldThread::tick() {
    const Clock::time_point start = Clock::now();
    const Instant now = shared_.now();
    take_commands(now);
    take_notes(now);
    if (spread_) spread_->receive(now);
    people_.expire(now);
    inputs_time_.record(now, Clock::now() - start);
    for (std::int64_t i = 0; i < steps_; ++i) step(now);
    extension_.ticked();
    post_.deliver();
    for (const auto& then : std::exchange(witnesses_, {})) {
        const auto entities = std::as_bytes(frames_.newest().entities());
        then({world_.tick(), {entities.begin(), entities.end()}, world_.hash()});
    }
    const Clock::time_point end = Clock::now();
    tick_time_.record(now, end - start);
    load_.busy(end - start);
    load_.passed(now);
    tick_.store(world_.tick(), relaxed);
    inputs_.store(people_.inputs(), relaxed);
    people_count_.store(static_cast<std::uint16_t>(people_.count()), relaxed);
    bots_count_.store(static_cast<std::uint16_t>(bots_.count()), relaxed);
    ended_at_.store(shared_.now().count());
}

void WorldThread::step(Instant now) {
    Clock::time_point before = Clock::now();
    const auto passed = [&before, now](Histogram& histogram) {
        const Clock::time_point after = Clock::now();
        histogram.record(now, after - before);
        before = after;
    };
    if (spread_ && !spread_->before_step()) {
        frames_.publish(world_);  // for what is said meanwhile to go out
        return;
    }
    if (spread_) spread_->before_bots();
    bots_.think();
    if (spread_) spread_->after_bots();
    passed(bots_time_);
    world_.step();
    if (spread_) spread_->after_step();
    if (recorder_ && world_.tick() % sim::tick_rate == 0) record();
    passed(step_time_);
    tell();
    extension_.stepped();
    frames_.publish(world_);
    passed(frame_time_);
}

void WorldThread::take_commands(Instant now) {
    if (!has_commands_.load(relaxed)) return;
    std::deque<Command> commands;
    {
        const std::lock_guard lock(mutex_);
        commands.swap(commands_);
        has_commands_.store(false, relaxed);
    }
    for (Command& command : commands) take(command, now);
}

void WorldThread::take(Command& command, Instant now) {
    if (auto* join = std::get_if<JoinCommand>(&command)) people_.join(std::move(*join), now);
    if (const auto* leave = std::get_if<LeaveCommand>(&command)) people_.leave(leave->ticket);
    if (const auto* bots = std::get_if<BotsCommand>(&command)) {
        bots_.set_wanted(bots->wanted);
        if (spread_) spread_->want_bots(bots->wanted);
    }
    if (spread_) {
        if (const auto* one = std::get_if<mesh::Decision>(&command)) spread_->decided(*one);
        if (const auto* one = std::get_if<territory::Withdraw>(&command)) spread_->withdrawn(*one);
        if (const auto* one = std::get_if<GuestAnswerCommand>(&command))
            spread_->guest_answered(*one);
    }
    if (auto* witness = std::get_if<WitnessCommand>(&command)) {
        witnesses_.push_back(std::move(witness->then));
    }
    take_order(command);
}

// Of those who run the world.
void WorldThread::take_order(Command& command) {
    if (const auto* words = std::get_if<AnnounceCommand>(&command)) people_.announce(words->text);
    if (auto* kick = std::get_if<KickCommand>(&command)) kick->then(people_.kick(kick->kick));
    if (auto* people = std::get_if<PeopleCommand>(&command)) people->then(people_.facts());
    if (const auto* inject = std::get_if<InjectCommand>(&command)) {
        extension_.said({.command = inject->command, .payload = inject->payload});
    }
}

// Notes first: who has just opened may have sent inputs already.
void WorldThread::take_notes(Instant now) {
    for (const auto& link : door_.links) {
        link->notes.drain([&](Note& note) {
            people_.handle(note, now);
            if (const auto* opened = std::get_if<note::Opened>(&note))
                newsroom_.opened(opened->player);
            note = std::monostate{};
        });
        link->inputs.drain([&](InputNote& note) { people_.submit(note); });
    }
}

bool WorldThread::match_changed() {
    const sim::Match& match = world_.match();
    const auto flags = world_.flags();
    const auto same_flag = [](const sim::Flag& a, const sim::Flag& b) {
        return a.where == b.where && a.carrier == b.carrier &&
               (a.where == sim::Flag::Where::carried || a.at == b.at);
    };
    // Of a match that another server decides the end is known to a few ticks.
    const bool same_end = std::max(match.ends_at, told_match_.ends_at) -
                              std::min(match.ends_at, told_match_.ends_at) <=
                          (spread_ ? ends_within : 0);
    const bool same = match.phase == told_match_.phase && same_end &&
                      match.number == told_match_.number && match.scores == told_match_.scores &&
                      match.winner == told_match_.winner &&
                      match.winning_player == told_match_.winning_player &&
                      std::ranges::equal(flags, told_flags_, same_flag);
    if (same) return false;
    told_match_ = match;
    told_flags_.assign(flags.begin(), flags.end());
    return true;
}

void WorldThread::tell() {
    for (const sim::Event& event : world_.events()) {
        // One who left stays known until its id is somebody else's: news name it still.
        if (event.kind != sim::Event::Kind::joined) continue;
        const sim::Player& player = world_.players()[event.player];
        if (!player.present) continue;
        post_.send_all(mail::Introduce{event.player,
                                       {.present = true,
                                        .generation = player.generation,
                                        .team = player.team,
                                        .bot = player.bot,
                                        .name = std::string(world_.name_of(event.player))}},
                       true);
    }
    const bool changed = match_changed();
    const bool anybody = std::ranges::any_of(
        door_.links, [](const auto& link) { return link->sessions.load() > 0; });
    if (!anybody) return;
    newsroom_.gather(world_);
    auto issue = newsroom_.publish(world_);
    if (!issue.for_all.empty()) {
        post_.send_all(
            mail::TellAll{std::make_shared<const replication::Bytes>(std::move(issue.for_all))});
    }
    if (!issue.personal.empty()) post_.send_all(mail::TellSome{std::move(issue.personal)});
    if (changed) {
        post_.send_all(mail::TellAll{
            std::make_shared<const replication::Bytes>(replication::write_match(world_))});
    }
    if (world_.tick() % sim::tick_rate == 0) tell_scores();
}

void WorldThread::tell_scores() {
    auto board = std::make_shared<Board>();
    board->tick = world_.tick();
    board->rank.resize(world_.players().size());
    for (const sim::PlayerId id : world_.present()) {
        const sim::Player& player = world_.players()[id];
        if (player.ghost) continue;
        board->rows.push_back(
            {id, player.team, player.score, player.kills, player.deaths, player.captures});
        if (player.bot) ++board->bots;
    }
    if (spread_) spread_->add_to(*board);
    std::ranges::sort(board->rows, [](const Board::Row& a, const Board::Row& b) {
        if (a.score != b.score) return a.score > b.score;
        if (a.kills != b.kills) return a.kills > b.kills;
        return a.id < b.id;
    });
    for (std::size_t i = 0; i < board->rows.size(); ++i) {
        board->rank[board->rows[i].id] = static_cast<std::uint16_t>(i + 1);
    }
    post_.send_all(mail::Scores{std::move(board)});
}

void WorldThread::record() {
    if (!file_ || !recorder_) return;
    auto bytes = recorder_->take();
    const bool is_full = recorder_->full();
    if (file_->write(std::move(bytes)) && !is_full) return;
    shared_.log(is_full ? LogLevel::info : LogLevel::warning,
                "the recording of " + door_.name + " has ended" +
                    (is_full ? ": it is as long as it may be" : ": the disk does not follow"));
    world_.record_to(nullptr);
    recorder_.reset();
    file_.reset();
}

WorldStatistics WorldThread::statistics(Instant now) const {
    WorldStatistics out;
    out.world = door_.name;
    out.map = map_name_;
    const auto mode = options_.rules.mode;
    out.mode = mode == sim::Mode::free_for_all      ? "free_for_all"
               : mode == sim::Mode::team_deathmatch ? "team_deathmatch"
                                                    : "capture_the_flag";
    out.asleep = asleep_.load();
    out.tick = tick_.load(relaxed);
    out.ticks_late = late_.load(relaxed);
    out.ticks_skipped = skipped_.load(relaxed);
    if (!out.asleep) {
        out.since_tick = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::max(now - Instant(ended_at_.load()), Instant(0)));
    }
    out.stages = {stage_of("inputs", inputs_time_, now), stage_of("bots", bots_time_, now),
                  stage_of("step", step_time_, now), stage_of("frame", frame_time_, now),
                  stage_of("tick", tick_time_, now)};
    out.people = people_count_.load(relaxed);
    out.bots = bots_count_.load(relaxed);
    out.players_max = options_.rules.players_max;
    out.inputs = inputs_.load(relaxed);
    out.chats = door_.chats.load(relaxed);
    out.chats_limited = door_.chats_limited.load(relaxed);
    out.customs = door_.customs.load(relaxed);
    out.customs_dropped = door_.customs_dropped.load(relaxed);
    out.plugins = extension_.statistics();
    if (spread_) {
        out.spread = spread_->statistics();
        out.bus_dropped = spread_->dropped();
    }
    for (const auto& link : door_.links) {
        out.inputs_dropped += link->inputs_dropped.load(relaxed);
        out.inbox_depth += link->inputs.depth();
        out.inbox_max += link->inputs.capacity();
    }
    return out;
}

}  // namespace muster::host
