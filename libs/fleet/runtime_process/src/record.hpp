#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/runtime/runtime.hpp"

/// What is kept on disk, as JSON.
namespace muster::runtime_process {

/// How an image says what to run: muster-image.json at its top. All of it may be missing.
struct ImageConfig {
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;
    std::map<std::string, std::string> environment;
    std::string working_folder;
    std::vector<std::string> writable{"/data"};  ///< folders that each instance has for itself
};
[[nodiscard]] Result<ImageConfig> decode_image(std::string_view json);

/// An instance; never changes after its creation.
struct Record {
    std::string id;
    runtime::InstanceSpec spec;
    std::string image_folder;  ///< absolute; "/" for the host
    ImageConfig image;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::int64_t log_bytes_max = 16 << 20;
    Timestamp created_at{};

    [[nodiscard]] bool is_host() const { return image_folder == "/"; }
    /// The host's own image says nothing of what to run, but for our own program.
    [[nodiscard]] bool runs_own_program() const { return is_host() && !image.entrypoint.empty(); }
    [[nodiscard]] std::vector<std::string> words() const;  ///< what to execute
    [[nodiscard]] std::map<std::string, std::string> environment() const;
    [[nodiscard]] std::string working_folder() const;
};
[[nodiscard]] std::string encode(const Record& record);
[[nodiscard]] Result<Record> decode_record(std::string_view json);

/// The last run of an instance.
struct Run {
    int pid = 0;  ///< of the program, as the host sees it
    Timestamp started_at{};
    std::optional<Timestamp> finished_at;
    int exit_code = 0;
    bool out_of_memory = false;
    bool paused = false;
    std::string error;
};
[[nodiscard]] std::string encode(const Run& run);
[[nodiscard]] Result<Run> decode_run(std::string_view json);

[[nodiscard]] std::string encode(const runtime::RuntimeEvent& event);  ///< one line, no newline
[[nodiscard]] Result<runtime::RuntimeEvent> decode_event(std::string_view json);

[[nodiscard]] std::string encode(const runtime::ExecSpec& spec);
[[nodiscard]] Result<runtime::ExecSpec> decode_exec(std::string_view json);

/// A line of a log: milliseconds, a space, 'o' or 'e', a space, the text.
[[nodiscard]] std::string encode(const runtime::LogLine& line);  ///< no newline
[[nodiscard]] std::optional<runtime::LogLine> decode_log_line(std::string_view line);

}  // namespace muster::runtime_process
