#pragma once

#include <optional>

#include "muster/http/server.hpp"

namespace muster::http {

/// The answer to a GET or HEAD from the folder, as Router::serve_files says; nothing when it has
/// no such file. Reads small files at once and big ones as they are sent.
[[nodiscard]] std::optional<Answer> answer_from_files(const std::string& folder,
                                                      const Router::FileOptions& options,
                                                      const Request& request);
/// By the extension; "application/octet-stream" when it is not known.
[[nodiscard]] std::string_view content_type_of(std::string_view path);

}  // namespace muster::http
